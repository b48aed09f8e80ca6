//! Check that a command of the machine works.

use std::process::{Command, Stdio};

/// Tells whether a command can be run and succeeds.
pub fn runs(command: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(command);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
