//! Position of a line in the files of a load.

/// A line of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// The file's number, from 0.
    pub(super) file: usize,
    /// The line's number, from 1.
    pub(super) line: u64,
}
