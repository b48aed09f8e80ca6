//! Rules that all identifiers of the two APIs share: bounded text without control characters.

/// Error of a text that is no acceptable identifier. The message completes "`<field>` …" and names the correct value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No text at all.
    #[error("must not be empty")]
    Empty,
    /// Longer than `limit` bytes of UTF-8.
    #[error("must be at most {limit} bytes of UTF-8, and has {length}")]
    TooLong {
        /// The largest accepted length in bytes.
        limit: usize,
        /// The length that was found, in bytes.
        length: usize,
    },
    /// A character of Unicode's category Cc, NUL among them.
    #[error("must not hold control characters")]
    Control,
    /// `.` or `..`, which HTTP clients and proxies remove from a path.
    #[error("must not be '.' or '..'")]
    Dots,
}

/// Accepts a text of 1 to `limit` bytes without control characters.
pub(crate) fn check(text: &str, limit: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > limit {
        return Err(TextError::TooLong { limit, length: text.len() });
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(())
}

/// As [`check`], and refuses texts that a URL's path can't hold as a segment.
pub(crate) fn check_segment(text: &str, limit: usize) -> Result<(), TextError> {
    check(text, limit)?;
    if matches!(text, "." | "..") {
        return Err(TextError::Dots);
    }
    Ok(())
}
