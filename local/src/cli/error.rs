//! Error of a command.

/// Error of a command. Its text says what to do.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;
