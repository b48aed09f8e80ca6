//! Folder and environment of the commands.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Environment variables that `cargo run` gives this program and a terminal doesn't have.
const OF_CARGO_RUN: [&str; 4] = ["CARGO", "LD_LIBRARY_PATH", "RUST_RECURSION_COUNT", "RUSTUP_TOOLCHAIN"];
const PREFIXES_OF_CARGO_RUN: [&str; 4] = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"];

/// Settings for curl, which the blocks leave out for brevity: an error of the server fails the block.
const CURLRC: &str = "fail-with-body\nno-progress-meter\n";

/// Folder of the commands, and the files of a run.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    pub(super) files: PathBuf,
}

impl Workspace {
    pub(super) fn new(root: &Path) -> Result<Self, String> {
        let files = root.join("target/xtask");
        std::fs::create_dir_all(&files).map_err(|error| format!("{}: {error}", files.display()))?;
        let workspace = Self { root: root.to_path_buf(), files };
        workspace.write(".curlrc", CURLRC)?;
        Ok(workspace)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.files.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// `sh` at the root of the repository, with the environment of a terminal.
    pub(super) fn sh(&self) -> Command {
        let mut sh = Command::new("sh");
        sh.arg("-eu").current_dir(&self.root).env("CURL_HOME", &self.files);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if OF_CARGO_RUN.contains(&&*text) || PREFIXES_OF_CARGO_RUN.iter().any(|prefix| text.starts_with(prefix)) {
                sh.env_remove(&name);
            }
        }
        sh
    }
}
