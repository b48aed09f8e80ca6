//! A program that takes part in a benchmark.

use std::ffi::OsString;
use std::path::PathBuf;

/// Contender that the others' answers and times are compared with.
pub const COFFER: &str = "coffer";

/// A program that answers one function's events.
#[derive(Debug, Clone)]
pub struct Contender {
    /// Its name in the results.
    pub name: String,
    /// The function that it stands for.
    pub function: &'static str,
    /// The command that starts it.
    pub command: Vec<OsString>,
    /// Variables that it gets beside the settings that all get.
    pub environment: Vec<(String, String)>,
    /// True if it does the same work as Coffer, so that its answers have to be the same.
    pub equal: bool,
}

impl Contender {
    /// One of Coffer's own binaries.
    pub fn coffer(name: &str, function: &'static str, binary: PathBuf) -> Self {
        Self { name: name.to_owned(), function, command: vec![binary.into()], environment: Vec::new(), equal: true }
    }
}
