//! API Gateway on one machine: from an HTTP request to the event of a REST API with Lambda proxy integration, and from
//! the function's answer back to HTTP, with the limits that the real one has.

mod event;
mod gateway_responses;
mod response;
pub mod routes;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use lambda_http::Body;
use routes::{Operation, RestApi, Route};
use shared::http::answer_event;

pub use event::event_json;
pub use gateway_responses::GatewayError;
pub use response::to_http;

/// The functions behind a gateway, wherever they run.
pub trait Functions: Send + Sync {
    /// Hands an event, as the JSON text that Lambda would give, to the function of an operation, and returns the event
    /// that it answers with.
    fn invoke(&self, operation: Operation, event: String)
    -> impl Future<Output = Result<Vec<u8>, GatewayError>> + Send;
}

impl<F: Functions> Functions for Arc<F> {
    async fn invoke(&self, operation: Operation, event: String) -> Result<Vec<u8>, GatewayError> {
        F::invoke(self, operation, event).await
    }
}

/// The two APIs, and the functions behind them.
#[derive(Debug)]
pub struct Gateway<F>(F);

impl<F: Functions> Gateway<F> {
    /// A gateway before these functions.
    #[must_use]
    pub fn new(functions: F) -> Self {
        Self(functions)
    }

    /// Answers a request.
    pub async fn respond(&self, head: &Parts, body: &Bytes, source: IpAddr) -> Response<Bytes> {
        match routes::find(&head.method, head.uri.path()) {
            Route::To(resource, operation) => {
                let answer = match event_json(head, body, resource.template, source) {
                    Ok(event) => self.0.invoke(operation, event).await.and_then(|answer| to_http(&answer)),
                    Err(error) => Err(error),
                };
                answer.unwrap_or_else(|error| by_itself(resource.api, head, error))
            }
            Route::NoPath(api) => by_itself(api, head, GatewayError::NoPath),
            Route::NoMethod(api, allow) => by_itself(api, head, GatewayError::NoMethod { allow }),
        }
    }

    /// A request without its body: it is larger than the gateway takes, or broke off.
    pub fn refuse(&self, head: &Parts, error: GatewayError) -> Response<Bytes> {
        let api = match routes::find(&head.method, head.uri.path()) {
            Route::To(resource, _) => resource.api,
            Route::NoMethod(api, _) | Route::NoPath(api) => api,
        };
        by_itself(api, head, error)
    }
}

/// The event that a function answers with, as text.
///
/// # Errors
/// [`GatewayError::NoAnswer`] for a request that no event can hold.
pub fn answer_json(answer: Response<Body>) -> Result<Vec<u8>, GatewayError> {
    serde_json::to_vec(&answer_event(answer)).map_err(|error| GatewayError::NoAnswer(error.to_string()))
}

fn by_itself(api: RestApi, head: &Parts, error: GatewayError) -> Response<Bytes> {
    // An error's body is small, and its form our own.
    answer_json(gateway_responses::answer(api, head, error)).and_then(|answer| to_http(&answer)).unwrap_or_default()
}
