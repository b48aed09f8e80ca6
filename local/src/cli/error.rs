//! Error of a command.

/// Error of a command. Its text names the remedy.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;
