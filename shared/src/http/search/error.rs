//! The search API's failures, and the bodies that they become.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::auth::{AuthError, Forbidden, TokenError};
use crate::http::api::Api;
use crate::http::response::Response;
use crate::names::IndexName;
use crate::search::DocumentStoreError;

use super::body::{ErrorResponse, RateLimitBody, UnauthorizedBody};
use super::messages::{
    BAD_REQUEST, FORBIDDEN, INTERNAL, Kind, METHOD_NOT_ALLOWED, NOT_FOUND, TOO_LARGE, default_message, messages,
};

/// The search API.
#[derive(Debug)]
pub struct SearchApi;

/// Failure of a request of the search API.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The document's id is no id: 400.
    #[error("the document id {0}")]
    BadId(String),
    /// No acceptable token: 401.
    #[error("{0}")]
    Unauthorized(TokenError),
    /// A token without the scope or the user level: 403.
    #[error("scope or user level insufficient")]
    Forbidden,
    /// No index of this name: 404, and the causes name those there are.
    #[error("unknown index")]
    UnknownIndex,
    /// No document of this id: 404.
    #[error("document not found")]
    NotFound,
    /// No such route: 404.
    #[error("unknown route")]
    NoRoute,
    /// The route has no such method: 405.
    #[error("unknown method")]
    MethodNotAllowed {
        /// The methods it has, for the header `Allow`.
        allow: String,
    },
    /// The request is larger than the gateway takes: 413.
    #[error("request too large")]
    TooLarge,
    /// A request that the gateway doesn't understand: 400.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// Too many requests: 429.
    #[error("throttled")]
    Throttled {
        /// When to try again, in seconds.
        retry_after_seconds: u64,
        /// For the log.
        cause: String,
    },
    /// Everything else: 500. The text is for the log.
    #[error("internal fault")]
    Internal(String),
}

/// The largest pause that a client is asked for, in seconds: clients sleep as long as they are told.
const MAX_RETRY_AFTER: u64 = 60;

impl From<AuthError> for SearchError {
    fn from(fault: AuthError) -> Self {
        match fault {
            AuthError::Token(error) => Self::Unauthorized(error),
            AuthError::Keys(_) => Self::Internal(fault.to_string()),
        }
    }
}

impl From<Forbidden> for SearchError {
    fn from(_: Forbidden) -> Self {
        Self::Forbidden
    }
}

impl From<DocumentStoreError> for SearchError {
    fn from(fault: DocumentStoreError) -> Self {
        let cause = fault.to_string();
        match fault {
            DocumentStoreError::Throttled { retry_after_seconds, .. } => Self::Throttled {
                retry_after_seconds: retry_after_seconds.unwrap_or(1).clamp(1, MAX_RETRY_AFTER),
                cause,
            },
            DocumentStoreError::Failed(_) => Self::Internal(cause),
        }
    }
}

impl SearchError {
    fn status_and_kind(&self) -> (StatusCode, &'static Kind) {
        match self {
            Self::BadId(_) | Self::BadRequest(_) => (StatusCode::BAD_REQUEST, &BAD_REQUEST),
            Self::Forbidden => (StatusCode::FORBIDDEN, &FORBIDDEN),
            Self::UnknownIndex | Self::NotFound | Self::NoRoute => (StatusCode::NOT_FOUND, &NOT_FOUND),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, &METHOD_NOT_ALLOWED),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, &TOO_LARGE),
            Self::Unauthorized(_) | Self::Throttled { .. } | Self::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, &INTERNAL)
            }
        }
    }

    fn causes(&self) -> Option<String> {
        match self {
            Self::BadId(why) => Some(format!("The document id in the path {why}.")),
            Self::UnknownIndex => {
                Some(format!("The index in the path is not supported; the supported ones are {}.", IndexName::list()))
            }
            Self::BadRequest(why) => Some(why.clone()),
            _ => None,
        }
    }
}

impl Api for SearchApi {
    type Error = SearchError;

    fn answer(error: &SearchError, tracking_id: &str, headers: &HeaderMap) -> Response {
        match error {
            SearchError::Unauthorized(reason) => {
                let body = UnauthorizedBody { error: format!("JWT validation failed: {reason}") };
                json(StatusCode::UNAUTHORIZED, &body).with(WWW_AUTHENTICATE, "Bearer")
            }
            SearchError::Throttled { retry_after_seconds, .. } => {
                let body = RateLimitBody { message: " Rate Limit Exceeded " };
                json(StatusCode::TOO_MANY_REQUESTS, &body).with(RETRY_AFTER, &retry_after_seconds.to_string())
            }
            _ => {
                let (status, kind) = error.status_and_kind();
                let body = ErrorResponse {
                    detail_code: kind.detail_code,
                    tracking_id: tracking_id.to_owned(),
                    messages: messages(kind, headers),
                    causes: error.causes().map(default_message).into_iter().collect(),
                };
                let answer = json(status, &body);
                match error {
                    SearchError::MethodNotAllowed { allow } => answer.with(http::header::ALLOW, allow),
                    _ => answer,
                }
            }
        }
    }

    fn internal(cause: String) -> SearchError {
        SearchError::Internal(cause)
    }

    fn unprepared(cause: String) -> SearchError {
        SearchError::Internal(cause)
    }

    fn bad_request(what: String) -> SearchError {
        SearchError::BadRequest(what)
    }

    fn cause(error: &SearchError) -> Option<String> {
        match error {
            SearchError::Internal(cause) | SearchError::Throttled { cause, .. } => Some(cause.clone()),
            _ => None,
        }
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Bodies of strings and lists always serialise.
    Response::json(status, serde_json::to_string(body).unwrap_or_default())
}
