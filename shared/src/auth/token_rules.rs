//! Rules of an API for its tokens: required claims and the names of claims.

/// Required claims of a token, and the names of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// Accepted values of `iss`.
    pub issuers: AcceptedValues,
    /// Accepted values of `aud`, of which one must be there; of `client_id` or `azp` where there is no `aud`.
    pub audiences: AcceptedValues,
    /// Claims that may hold the user's id; the first that is there decides.
    pub user_claims: Vec<String>,
    /// Claims that may hold scopes; all of them count.
    pub scope_claims: Vec<String>,
    /// Prefix of the scopes that count, stripped from them; empty where scopes have none.
    pub scope_prefix: String,
    /// Claims that may hold role ids; all of them count.
    pub role_claims: Vec<String>,
    /// Claims that may hold user levels; all of them count.
    pub authority_claims: Vec<String>,
    /// Accepted difference of two clocks, in seconds.
    pub leeway_seconds: u64,
}

/// Accepted values of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedValues {
    /// Every value, and none: the claim is not checked.
    Any,
    /// One of these.
    OneOf(Vec<String>),
}
