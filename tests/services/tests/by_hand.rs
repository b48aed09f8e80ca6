//! The README's lines with which a function is tried by hand.

use std::process::{Command, Stdio};

use services::artefacts::{cargo_lambda, path_with};
use services::process::{Process, free_port, listens};
use services::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] =
    &[("the_readmes_lines_try_a_function_by_hand", &[Need::Services], the_readmes_lines_try_a_function_by_hand)];

/// The lines of the README that begin so.
fn lines(start: &str) -> Vec<&'static str> {
    let readme = include_str!("../../../README.md");
    let lines: Vec<_> = readme.lines().filter(|line| line.starts_with(start)).collect();
    assert!(!lines.is_empty(), "{start}");
    lines
}

/// A shell that finds cargo-lambda, at the root of the repository.
fn shell(line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(services::root()).stdin(Stdio::null());
    shell.env("PATH", path_with(&[&cargo_lambda().join("bin")]));
    shell
}

fn the_readmes_lines_try_a_function_by_hand(world: &World) {
    let stack = world.stack();
    let folder = tempfile::tempdir().unwrap();
    let events = services::root().join("target/services/events");
    let _ = std::fs::remove_dir_all(&events);
    // What `cargo run -p services` runs, over the services that run already.
    let mut program = Command::new(env!("CARGO_BIN_EXE_services"));
    program.envs(stack.variables());
    let mut program = Process::start("services", program, folder.path());
    program.wait_for(|program| program.log().contains("The services run").then_some(()));

    let port = free_port();
    let [watch] = lines("cargo lambda watch")[..] else { panic!("one line that watches") };
    let watch = shell(&format!("{watch} --invoke-port {port}"));
    let mut watch = Process::start_with_all("watch", watch, folder.path());
    watch.wait_for(|_| listens(port).then_some(()));

    for line in lines("cargo lambda invoke") {
        let output = shell(&format!("{line} --invoke-port {port}")).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let expected =
            if line.contains("sync-documents") { r#"{"batchItemFailures":[]}"# } else { r#""statusCode":20"# };
        assert!(answer.contains(expected), "{line}: {answer}{errors}\n{}", watch.log());
    }
}
