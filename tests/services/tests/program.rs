//! The program `coffer`, for tests that need the services it works with.

use std::process::Command;

/// The program, not started, without any setting of the machine's own.
pub fn coffer() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer-for-tests"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COFFER_") || name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
}
