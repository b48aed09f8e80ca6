//! An error and its causes, in one line for the log.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

/// Text of a failed call to an AWS service: its action, the status of the answer if there was one, and the causes.
pub(crate) fn of_call<E: Error + 'static>(action: &str, error: &SdkError<E, HttpResponse>) -> String {
    let status = error.raw_response().map(|response| format!("status {}, ", response.status().as_u16()));
    format!("{action}: {}{}", status.unwrap_or_default(), error_chain(error))
}

/// The messages of an error and its causes. Not their `Debug`, in which the SDK shows whole answers: that of Secrets
/// Manager is the keyring.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
