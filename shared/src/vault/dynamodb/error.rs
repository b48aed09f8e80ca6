//! Error of the vault for an error of the SDK.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error_chain;
use crate::vault::store::SecretStoreError;

/// The error codes with which DynamoDB asks for fewer requests.
const THROTTLES: [&str; 3] = ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// Sorts an error that no caller can do anything about. `action` is the API's name of the called action.
pub(super) fn store_error<E>(action: &str, error: &SdkError<E>) -> SecretStoreError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let throttled = error.code().is_some_and(|code| THROTTLES.contains(&code));
    let text = error_chain::of_call(action, error);
    if throttled { SecretStoreError::Throttled(text) } else { SecretStoreError::Failed(text) }
}
