//! Lines on standard output and standard error.

use std::io::{self, Write};

use super::error::CommandError;

/// Prints an error to standard error, each line behind the program's name.
pub(super) fn complain(what: &str) {
    for line in what.lines() {
        note(&format!("coffer: {line}"));
    }
}

/// Prints a line to standard error. A failure is ignored: there is no place left to report it, and the macros of the
/// standard library would panic.
pub(super) fn note(what: &str) {
    let _ = io::stderr().write_all(format!("{what}\n").as_bytes());
}

/// Prints a line of a command's result to standard output, in one write.
///
/// # Errors
/// The caller's exit status tells that the result was not written.
pub(super) fn say(what: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(format!("{what}\n").as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("standard output: {error}").into())
}
