//! Errors of authentication.

/// Error of a token. The message is for the client: it names the defect and nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No Authorization header.
    #[error("no authorization header")]
    Missing,
    /// An Authorization header that is not `Bearer` and one token.
    #[error("authorization header is not a bearer token")]
    NotBearer,
    /// Not three parts of base64url, or too long, or a part isn't a JSON object with each member once.
    #[error("JWT is malformed")]
    Malformed,
    /// `alg` is none that is accepted, or not the key's.
    #[error("JWT algorithm is not accepted")]
    Algorithm,
    /// A header member that would change how the token is read or which key is used.
    #[error("JWT header is not accepted")]
    Header,
    /// No key fits.
    #[error("JWT key is unknown")]
    UnknownKey,
    /// The signature is wrong.
    #[error("JWT signature is invalid")]
    Signature,
    /// `exp` has passed.
    #[error("JWT is expired")]
    Expired,
    /// `nbf` has not come yet.
    #[error("JWT is not valid yet")]
    NotYet,
    /// `iss` is missing or another than the configured ones.
    #[error("JWT issuer is not accepted")]
    Issuer,
    /// `aud` is missing or another than the configured ones.
    #[error("JWT audience is not accepted")]
    Audience,
    /// A claim is missing, or of an unacceptable type or value.
    #[error("JWT {0} claim is missing or invalid")]
    Claim(&'static str),
}

/// Error of an authentication.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The token's error.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There are no keys to check it with. The text is for the log.
    #[error("no token keys: {0}")]
    Keys(String),
}
