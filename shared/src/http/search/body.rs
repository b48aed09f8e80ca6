//! The bodies of the search API's errors.

use serde::Serialize;

/// The body of a 400, 403, 404, 405, 413 and 500.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = SearchError))]
pub struct ErrorResponse {
    /// A finer code than the status.
    #[cfg_attr(feature = "openapi", schema(example = "404 Not found"))]
    pub detail_code: &'static str,
    /// The failure's id, which the log has too: 32 hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(example = "b21b1f7ce4da4d639f2c62a57171b427"))]
    pub tracking_id: String,
    /// The general reason, in the default language and, where it is shipped, in the requested one.
    pub messages: Vec<ErrorMessage>,
    /// Exact errors of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub causes: Vec<ErrorMessage>,
}

/// A text in one language.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorMessage {
    /// The language, as a BCP 47 tag.
    #[cfg_attr(feature = "openapi", schema(example = "en-US"))]
    pub locale: &'static str,
    /// Origin of the choice: DEFAULT or REQUEST.
    #[cfg_attr(feature = "openapi", schema(example = "DEFAULT"))]
    pub locale_origin: &'static str,
    /// The text.
    pub text: String,
}

/// The body of a 401.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SearchUnauthorized))]
pub struct UnauthorizedBody {
    /// Error of the token.
    #[cfg_attr(feature = "openapi", schema(example = "JWT validation failed: JWT is expired"))]
    pub error: String,
}

/// The body of a 429. The spaces in its text belong to it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SearchRateLimit))]
pub struct RateLimitBody {
    /// The text.
    #[cfg_attr(feature = "openapi", schema(example = " Rate Limit Exceeded "))]
    pub message: &'static str,
}
