//! An error and what caused it, in one line for the log.

use std::error::Error;

/// The messages of an error and its causes. Not their `Debug`, in which the SDK shows whole answers: that of Secrets
/// Manager is the keyring.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
