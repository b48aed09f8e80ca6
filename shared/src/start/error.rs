//! Error of a function's start.

/// Error that keeps a function from starting, or a task from succeeding. Its text and causes go to the log.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;
