//! A token's shape and header: JSON Web Signature in compact form (RFC 7515), closed to everything that isn't needed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::RawObject;

use super::error::TokenError;

/// The longest accepted token, in bytes. API Gateway takes 10,240 for all headers together.
const MAX_BYTES: usize = 16 * 1024;

/// Header members that are refused by their presence: they bring keys along, point to some, change the signed bytes, or
/// demand to be understood (RFC 7515, sections 4.1.2 to 4.1.6 and 4.1.11; RFC 7797; RFC 7516). The fingerprints `x5t`
/// and `x5t#S256` are hints that Entra ID v1, ADFS and WSO2 send: they are ignored, for no key is selected by them.
const REFUSED: [&str; 7] = ["crit", "jku", "jwk", "x5u", "x5c", "zip", "b64"];

/// The types of token that are meant for an API (RFC 7519, section 5.1; RFC 9068, section 2.1).
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// A token that was taken apart; nothing of it is verified.
pub(super) struct Token<'a> {
    /// Value of `alg`.
    pub(super) algorithm: String,
    /// Value of `kid`.
    pub(super) key_id: Option<String>,
    /// The bytes that are signed.
    pub(super) signed: &'a str,
    /// The signature, still in base64url.
    pub(super) signature: &'a str,
    /// The claims, still in base64url.
    pub(super) claims: &'a str,
}

impl<'a> Token<'a> {
    /// Takes a token from the value of an Authorization header.
    pub(super) fn from_header(value: &'a str) -> Result<Self, TokenError> {
        let (scheme, token) = value.trim().split_once(' ').ok_or(TokenError::NotBearer)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::NotBearer);
        }
        Self::parse(token.trim_start_matches(' '))
    }

    fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        // A dot in `claims` is no base64url, so a token of four parts ends here too.
        if [header, claims, signature].iter().any(|part| part.is_empty() || decode(part).is_none()) {
            return Err(TokenError::Malformed);
        }
        let header = decode(header).ok_or(TokenError::Malformed)?;
        let header = RawObject::parse(&header).map_err(|_| TokenError::Malformed)?;
        if REFUSED.iter().any(|name| header.has(name)) {
            return Err(TokenError::Header);
        }
        if header.has("typ") {
            let kind: String = header.read("typ").ok_or(TokenError::Header)?;
            if !TYPES.contains(&kind.to_ascii_lowercase().as_str()) {
                return Err(TokenError::Header);
            }
        }
        if header.has("kid") && header.read::<String>("kid").is_none() {
            return Err(TokenError::Header);
        }
        Ok(Self {
            algorithm: header.read("alg").ok_or(TokenError::Algorithm)?,
            key_id: header.read("kid"),
            signed,
            signature,
            claims,
        })
    }
}

/// Decodes base64url without padding (RFC 7515, section 2).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
