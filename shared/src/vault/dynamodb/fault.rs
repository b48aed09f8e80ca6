//! What an error of the SDK means to the vault.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::causes::chain;
use crate::vault::store::StoreFault;

/// The error codes with which DynamoDB asks for fewer requests.
const THROTTLES: [&str; 3] = ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// Sorts an error that no caller can do anything about. `action` is the API's name of what was called.
pub(super) fn fault<E, R>(action: &str, error: &SdkError<E, R>) -> StoreFault
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    let throttled = error.code().is_some_and(|code| THROTTLES.contains(&code));
    let text = format!("{action}: {}", chain(error));
    if throttled { StoreFault::Throttled(text) } else { StoreFault::Failed(text) }
}
