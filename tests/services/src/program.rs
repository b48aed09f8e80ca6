//! The program `coffer`, for tests that need the services it works with.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::root;

/// The variable that names a program that is built already.
const VARIABLE: &str = "COFFER_TEST_PROGRAM";

/// The program, not started, without any setting of the machine's own.
pub fn coffer() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| std::env::var_os(VARIABLE).map_or_else(build, PathBuf::from));
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COFFER_") || name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
}

/// Builds it, which takes no time where it is built.
fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--bin", "coffer", "--message-format=json-render-diagnostics"]);
    let output = cargo.current_dir(root()).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let executable = said.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().filter(|path| path.contains("coffer")).map(PathBuf::from)
    });
    executable.unwrap_or_else(|| panic!("{said}\n{}", String::from_utf8_lossy(&output.stderr)))
}
