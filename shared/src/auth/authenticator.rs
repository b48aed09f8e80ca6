//! From an Authorization header to a caller.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::clock;

use super::caller::Caller;
use super::claims;
use super::error::{AuthError, TokenError};
use super::jwks_client::JwksClient;
use super::key_set::KeySet;
use super::token::{self, Token};
use super::token_rules::TokenRules;

/// Where keys come from.
#[derive(Debug)]
enum Keys {
    Fixed(KeySet),
    Remote(JwksClient),
}

/// Verifies tokens.
#[derive(Debug, Clone)]
pub struct Authenticator {
    keys: Arc<Keys>,
    rules: Arc<TokenRules>,
}

impl Authenticator {
    /// An authenticator with keys that never change.
    #[must_use]
    pub fn with_keys(keys: KeySet, rules: TokenRules) -> Self {
        Self { keys: Arc::new(Keys::Fixed(keys)), rules: Arc::new(rules) }
    }

    /// An authenticator with the keys of a key server.
    #[must_use]
    pub fn with_jwks_client(keys: JwksClient, rules: TokenRules) -> Self {
        Self { keys: Arc::new(Keys::Remote(keys)), rules: Arc::new(rules) }
    }

    /// An authenticator with the same keys, fetched once for both, and other rules.
    #[must_use]
    pub fn with_rules(&self, rules: TokenRules) -> Self {
        Self { keys: Arc::clone(&self.keys), rules: Arc::new(rules) }
    }

    /// Fetches keys where they are remote. Worth calling while a function starts; a failure is tried again when a token
    /// is to be verified.
    pub async fn warm_up(&self) {
        if let Keys::Remote(keys) = &*self.keys {
            keys.warm_up().await;
        }
    }

    /// Caller of a request with these headers.
    ///
    /// # Errors
    /// [`AuthError::Token`] if the token is missing or refused, [`AuthError::Keys`] if there are no keys to verify it.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().map_err(|_| TokenError::NotBearer)?,
            (None, _) => return Err(TokenError::Missing.into()),
            // Two readers could pick different ones.
            (Some(_), Some(_)) => return Err(TokenError::NotBearer.into()),
        };
        let token = Token::from_header(value)?;
        match &*self.keys {
            Keys::Fixed(keys) => keys.verify(&token)?,
            Keys::Remote(keys) => keys.verify(&token).await?,
        }
        let now = clock::since_epoch().as_secs();
        let claims = token::decode(token.claims).ok_or(TokenError::Malformed)?;
        Ok(claims::read(&claims, &self.rules, now)?)
    }
}
