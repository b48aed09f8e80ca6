//! The vault's failures, and their one shape.

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::auth::{AuthError, Forbidden, TokenError};
use crate::http::api::Api;
use crate::http::response::Response;
use crate::vault::{VaultErrorKind, VaultServiceError};

/// The vault API.
#[derive(Debug)]
pub struct VaultApi;

/// The error codes of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the API's, and say what they mean")]
pub enum ErrorCode {
    GeneralError,
    BadRequest,
    PermissionDenied,
    InvalidRequestData,
    RequiredValueMissing,
    ValueOutOfBounds,
    ValueIncorrectType,
    ValueIncorrectFormat,
    ValueDuplicate,
    ConfigurationError,
    OutOfResources,
    MaxLoad,
    TooManyConnections,
    DatabaseError,
    CacheError,
    IntraServiceCommunicationError,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Kind of error.
    pub code: ErrorCode,
    /// Where: the field's path in the body, the parameter's or the header's name.
    pub property: String,
    /// Correct value, in words for the client.
    pub message: String,
}

impl FieldError {
    /// Something wrong at `property`.
    #[must_use]
    pub fn new(code: ErrorCode, property: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, property: property.into(), message: message.into() }
    }
}

/// Failure of a request of the vault API.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The body is no JSON object: 400.
    #[error("{0}")]
    BadRequest(String),
    /// One thing that is wrong with the request: 400.
    #[error("{}: {}", .0.property, .0.message)]
    Invalid(FieldError),
    /// All that is wrong with a body, at least one thing: 400.
    #[error("{} errors in the body", .0.len())]
    InvalidBody(Vec<FieldError>),
    /// No acceptable token: 401.
    #[error("{0}")]
    Unauthorized(TokenError),
    /// Scope or ownership insufficient: 403.
    #[error("permission denied")]
    Forbidden,
    /// No such secret, or not for this caller: 404.
    #[error("secret not found")]
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
    /// `If-Match` names another state than the stored one: 412.
    #[error("the secret has moved on")]
    PreconditionFailed,
    /// The request is larger than is taken: 413.
    #[error("request larger than {limit} bytes")]
    TooLarge {
        /// Accepted size, in bytes.
        limit: usize,
    },
    /// Others kept writing the same secret: 503.
    #[error("the secret is being written by others")]
    Contended,
    /// The table asks for fewer requests: 503.
    #[error("table throttled")]
    Throttled(String),
    /// The table failed: 500.
    #[error("table failed")]
    Database(String),
    /// Another service failed: 500.
    #[error("service failed")]
    Service(String),
    /// A key or a setting is missing or wrong: 500.
    #[error("configuration error")]
    Configuration(String),
    /// Everything else, a stored secret that fails authentication among it: 500.
    #[error("internal error")]
    Internal(String),
}

impl From<AuthError> for VaultError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Token(error) => Self::Unauthorized(error),
            AuthError::Keys(_) => Self::Service(error.to_string()),
        }
    }
}

impl From<Forbidden> for VaultError {
    fn from(_: Forbidden) -> Self {
        Self::Forbidden
    }
}

impl From<FieldError> for VaultError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error)
    }
}

impl From<VaultServiceError> for VaultError {
    fn from(error: VaultServiceError) -> Self {
        let cause = error.to_string();
        match error.kind() {
            VaultErrorKind::Throttled => Self::Throttled(cause),
            VaultErrorKind::Table => Self::Database(cause),
            VaultErrorKind::KeyringService => Self::Service(cause),
            VaultErrorKind::Configuration => Self::Configuration(cause),
            VaultErrorKind::Internal => Self::Internal(cause),
        }
    }
}

/// The body of every error of the vault API.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = VaultError))]
pub struct ErrorBody {
    /// Kind of error.
    pub error_code: ErrorCode,
    /// Error and, where the client can act on it, the correct value.
    pub error_message: String,
    /// The field, parameter or header that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// All that is wrong with a body, the first of it repeated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false, no_recursion))]
    pub details: Vec<ErrorBody>,
}

impl ErrorBody {
    fn new(error_code: ErrorCode, error_message: impl Into<String>) -> Self {
        Self { error_code, error_message: error_message.into(), property: None, details: Vec::new() }
    }

    /// Error of a listed secret that doesn't open.
    pub(super) fn damaged() -> Self {
        Self::new(ErrorCode::GeneralError, "The stored secret is damaged and can't be read; its owner can delete it")
    }

    fn of(error: &FieldError) -> Self {
        Self { property: Some(error.property.clone()), ..Self::new(error.code, error.message.clone()) }
    }
}

impl VaultError {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::Invalid(_) | Self::InvalidBody(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Contended | Self::Throttled(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) | Self::Service(_) | Self::Configuration(_) | Self::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn body(&self) -> ErrorBody {
        use ErrorCode as Code;
        match self {
            Self::BadRequest(message) => ErrorBody::new(Code::BadRequest, message.clone()),
            Self::Invalid(error) => ErrorBody::of(error),
            Self::InvalidBody(errors) => {
                let details: Vec<_> = errors.iter().map(ErrorBody::of).collect();
                let first = errors.first().map(ErrorBody::of);
                ErrorBody {
                    details,
                    ..first.unwrap_or_else(|| ErrorBody::new(Code::BadRequest, "The body is not acceptable."))
                }
            }
            Self::Unauthorized(error) => ErrorBody::new(Code::PermissionDenied, format!("Unauthorized: {error}")),
            Self::Forbidden => ErrorBody::new(Code::PermissionDenied, "Permission denied"),
            // One client looks for the first half of this text, another for the second.
            Self::NotFound => ErrorBody::new(Code::GeneralError, "Secret not found (OBJECT_NOT_FOUND)"),
            Self::NoRoute => ErrorBody::new(Code::GeneralError, "No such resource"),
            Self::MethodNotAllowed { allow } => {
                ErrorBody::new(Code::GeneralError, format!("Method not allowed; this resource has {allow}"))
            }
            Self::PreconditionFailed => ErrorBody {
                property: Some("If-Match".to_owned()),
                ..ErrorBody::new(Code::InvalidRequestData, "The secret has changed since; read it again")
            },
            Self::TooLarge { limit } => {
                ErrorBody::new(Code::ValueOutOfBounds, format!("The request has more than {limit} bytes"))
            }
            Self::Contended | Self::Throttled(_) => ErrorBody::new(Code::MaxLoad, "Too many requests; try again"),
            Self::Database(_) => ErrorBody::new(Code::DatabaseError, "The database failed"),
            Self::Service(_) => {
                ErrorBody::new(Code::IntraServiceCommunicationError, "A service behind this one failed")
            }
            Self::Configuration(_) => ErrorBody::new(Code::ConfigurationError, "The service is misconfigured"),
            Self::Internal(_) => ErrorBody::new(Code::GeneralError, "Internal error"),
        }
    }
}

impl Api for VaultApi {
    type Error = VaultError;

    fn answer(error: &VaultError, _tracking_id: &str, _headers: &HeaderMap) -> Response {
        // A body of strings and lists always serialises.
        let answer = Response::json(error.status(), serde_json::to_string(&error.body()).unwrap_or_default());
        match error {
            VaultError::Unauthorized(_) => answer.with(WWW_AUTHENTICATE, "Bearer"),
            VaultError::MethodNotAllowed { allow } => answer.with(ALLOW, allow),
            VaultError::Contended | VaultError::Throttled(_) => answer.with(RETRY_AFTER, "1"),
            _ => answer,
        }
    }

    fn internal(cause: String) -> VaultError {
        VaultError::Internal(cause)
    }

    fn unprepared(cause: String) -> VaultError {
        VaultError::Configuration(cause)
    }

    fn bad_request(what: String) -> VaultError {
        FieldError::new(ErrorCode::InvalidRequestData, "request", what).into()
    }

    fn cause(error: &VaultError) -> Option<String> {
        match error {
            VaultError::Throttled(cause)
            | VaultError::Database(cause)
            | VaultError::Service(cause)
            | VaultError::Configuration(cause)
            | VaultError::Internal(cause) => Some(cause.clone()),
            _ => None,
        }
    }
}
