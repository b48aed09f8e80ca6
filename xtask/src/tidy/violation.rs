//! Violation of a rule, and its place.

use std::fmt;

/// Violation of a rule at a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Rule, and the text that breaks it.
    pub(crate) rule: String,
    /// Replacement to write.
    pub(crate) instead: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, instead } = self;
        write!(f, "{file}:{line}: {rule}; instead: {instead}")
    }
}
