//! Answers of the gateway itself, in the shape of the API that was asked, without a function.

use http::request::Parts;
use http::{Request, Response};
use lambda_http::Body;
use shared::http::search::{SearchApi, SearchError};
use shared::http::vault::{VaultApi, VaultError};
use shared::http::{Api, refuse};

use super::routes::RestApi;

/// Reason for which the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No such route.
    #[error("unknown route")]
    NoPath,
    /// The route has no such method.
    #[error("unknown method")]
    NoMethod {
        /// The methods it has.
        allow: String,
    },
    /// A request larger than the gateway takes.
    #[error("the request is too large")]
    TooLarge {
        /// Accepted size, in bytes.
        limit: usize,
    },
    /// A request that is not understood.
    #[error("{0}")]
    Bad(String),
    /// An answer that Lambda can't carry.
    #[error("Lambda can't carry an answer of {size} bytes")]
    Unanswerable {
        /// Its size as an event, in bytes.
        size: usize,
    },
    /// A function that gives no answer, or none that Lambda could carry.
    #[error("{0}")]
    NoAnswer(String),
}

/// The answer to a request that no function gets to see.
pub(super) fn answer(api: RestApi, head: &Parts, error: GatewayError) -> Response<Body> {
    const OPERATION: &str = "gateway";
    match api {
        RestApi::Vault => {
            let error = match error {
                GatewayError::NoPath => VaultError::NoRoute,
                GatewayError::NoMethod { allow } => VaultError::MethodNotAllowed { allow },
                GatewayError::TooLarge { limit } => VaultError::TooLarge { limit },
                GatewayError::Bad(what) => VaultApi::bad_request(what),
                GatewayError::Unanswerable { .. } | GatewayError::NoAnswer(_) => {
                    VaultError::Internal(error.to_string())
                }
            };
            refuse::<VaultApi>(OPERATION, bare(head), error)
        }
        RestApi::Search => {
            let error = match error {
                GatewayError::NoPath => SearchError::NoRoute,
                GatewayError::NoMethod { allow } => SearchError::MethodNotAllowed { allow },
                GatewayError::TooLarge { .. } => SearchError::TooLarge,
                GatewayError::Bad(what) => SearchApi::bad_request(what),
                GatewayError::Unanswerable { .. } | GatewayError::NoAnswer(_) => {
                    SearchError::Internal(error.to_string())
                }
            };
            refuse::<SearchApi>(OPERATION, bare(head), error)
        }
    }
}

/// The request without its body, which no function gets to see.
fn bare(head: &Parts) -> lambda_http::Request {
    let mut request = Request::new(Body::Empty);
    *request.headers_mut() = head.headers.clone();
    request
}
