//! Set of the public keys that tokens are verified with.
//!
//! A token never chooses an algorithm; it can only name the one that its key has anyway.

use std::fmt;

use jsonwebtoken::{Algorithm, crypto};

use super::error::TokenError;
use super::key_parsing::{self, LeftOut, ParsedSet};
use super::signature_cache::Digest;
use super::token::Token;
use super::verification_keys::{KeySetError, VerificationKey, algorithm};

/// Most keys that one token is tried with. Several keys of one id are told apart by their algorithms (RFC 7517, section
/// 4.5); the limit bounds the cost of a made-up token.
const MAX_TRIED: usize = 4;

/// A set of public keys.
pub struct KeySet(Vec<VerificationKey>);

impl KeySet {
    /// The largest accepted key set, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Parses a JSON Web Key Set, and leaves out and logs keys that are not public RSA, EC or OKP keys for signatures.
    ///
    /// # Errors
    /// [`KeySetError`] if there is nothing usable in it.
    pub fn from_jwks(text: &str) -> Result<Self, KeySetError> {
        if text.len() > Self::MAX_BYTES {
            return Err(KeySetError::TooLarge(Self::MAX_BYTES));
        }
        let ParsedSet { usable, left_out } = key_parsing::read(text)?;
        log_left_out(&left_out);
        if usable.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(Self(usable)) }
    }

    /// Reads one public key in PEM. It has no id: it is tried for every token of its algorithms.
    ///
    /// # Errors
    /// [`KeySetError::NotPem`] if it is none of the accepted kinds.
    pub fn from_pem(text: &str) -> Result<Self, KeySetError> {
        let key = key_parsing::read_pem(text).ok_or(KeySetError::NotPem)?;
        Ok(Self(vec![key]))
    }

    /// Tells whether a token with this key id may be verified with one of the keys: of this id, or without one.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref().is_none_or(|known| known == id))
    }

    /// Verifies a token's signature with a key that fits it, at most [`MAX_TRIED`] of them.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), TokenError> {
        let algorithm = algorithm(&token.algorithm).ok_or(TokenError::Algorithm)?;
        let keys = self.candidates(token, algorithm)?;
        let digest = Digest::of(token);
        if keys.iter().any(|key| key.verified.holds(&digest)) {
            return Ok(());
        }
        let verifies = |key: &&&VerificationKey| {
            matches!(crypto::verify(token.signature, token.signed.as_bytes(), &key.key, algorithm), Ok(true))
        };
        let key = keys.iter().find(verifies).ok_or(TokenError::Signature)?;
        key.verified.remember(digest);
        Ok(())
    }

    /// Keys that may have signed the token, in the order of the set. A key id selects the keys that have it, and
    /// those without an id if there are none. The algorithm is pinned by the key, not by the token: an RSA key never
    /// verifies an HMAC, nor a key for PS256 an RS256.
    fn candidates(&self, token: &Token<'_>, algorithm: Algorithm) -> Result<Vec<&VerificationKey>, TokenError> {
        let named = |key: &&VerificationKey| token.key_id.is_some() && key.id == token.key_id;
        let only_named = self.0.iter().any(|key| named(&key));
        let selected =
            |key: &&VerificationKey| named(key) || !only_named && (token.key_id.is_none() || key.id.is_none());
        let fits = |key: &&VerificationKey| key.algorithms.contains(&algorithm);
        let fitting: Vec<_> = self.0.iter().filter(selected).filter(fits).take(MAX_TRIED).collect();
        if !fitting.is_empty() {
            Ok(fitting)
        } else if self.0.iter().any(|key| selected(&key)) {
            Err(TokenError::Algorithm)
        } else {
            Err(TokenError::UnknownKey)
        }
    }
}

/// Most keys of a set that are logged one by one: a set of 64 KiB can hold 30,000 that are not understood.
const MAX_LOGGED: usize = 20;

/// Longest logged part of a key's id, in characters.
const MAX_LOGGED_ID: usize = 128;

/// Logs the keys of a set that no token will be verified with.
fn log_left_out(keys: &[LeftOut]) {
    for LeftOut { id, reason } in keys.iter().take(MAX_LOGGED) {
        let kid = id.as_ref().map(|id| id.chars().take(MAX_LOGGED_ID).collect::<String>());
        tracing::info!(kid, reason, "a token key is left out");
    }
    if let Some(more @ 1..) = keys.len().checked_sub(MAX_LOGGED) {
        tracing::info!(keys = more, "more token keys are left out");
    }
}

/// Ids alone: keys are public, but long.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};

    use super::*;

    /// A private key, and its published form.
    fn key() -> (EncodingKey, Value) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "key", "x": x });
        (EncodingKey::from_ed_der(der.as_ref()), public)
    }

    #[test]
    fn a_token_is_remembered_with_the_key_that_verified_it_and_a_refused_one_with_none() {
        let [(_, first), (private, second), (stranger, _)] = [key(), key(), key()];
        let keys = KeySet::from_jwks(&json!({ "keys": [first, second] }).to_string()).unwrap();
        let remembered = |private: &EncodingKey| {
            let signed = format!("{}.e30", URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"key"}"#));
            let signature = crypto::sign(signed.as_bytes(), private, Algorithm::EdDSA).unwrap();
            let header = format!("Bearer {signed}.{signature}");
            let token = Token::from_header(&header).unwrap();
            let results = [keys.verify(&token), keys.verify(&token)];
            (results, keys.0.iter().map(|key| key.verified.holds(&Digest::of(&token))).collect::<Vec<_>>())
        };
        assert_eq!(remembered(&private), ([Ok(()); 2], vec![false, true]));
        assert_eq!(remembered(&stranger), ([Err(TokenError::Signature); 2], vec![false, false]));
    }
}
