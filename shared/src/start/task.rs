//! Function that a service calls, rather than the gateway.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StartError;

/// Work of a function that a service calls: a queue, CloudFormation.
pub trait Task: Send + Sync {
    /// The function's name.
    const OPERATION: &'static str;
    /// Event of a call.
    type Event: DeserializeOwned + Send;
    /// Response to a call.
    type Response: Serialize;

    /// Does the work of the event, within the time that is left. An error is Lambda's to handle: the caller may call
    /// again.
    fn run(
        &self,
        event: Self::Event,
        time_left: Duration,
    ) -> impl Future<Output = Result<Self::Response, StartError>> + Send;
}
