//! What an error of the SDK means to the vault.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::causes;
use crate::vault::store::StoreFault;

/// The error codes with which DynamoDB asks for fewer requests.
const THROTTLES: [&str; 3] = ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// Sorts an error that no caller can do anything about. `action` is the API's name of what was called.
pub(super) fn fault<E>(action: &str, error: &SdkError<E>) -> StoreFault
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let throttled = error.code().is_some_and(|code| THROTTLES.contains(&code));
    let text = causes::of_call(action, error);
    if throttled { StoreFault::Throttled(text) } else { StoreFault::Failed(text) }
}
