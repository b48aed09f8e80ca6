//! Authentication: from the bytes of an Authorization header to a [`Caller`], or a reason why not.
//!
//! `jsonwebtoken` reads keys and checks signatures. Header and claims are read here, because the library's closed list
//! of algorithms lacks the name `Ed25519` (RFC 9864) that some issuers write, and because it lets the second of two
//! equal claims win. The order is fixed: shape, header, key, signature, claims; no claim is looked at before the
//! signature was right.

mod authenticator;
mod caller;
mod claims;
mod error;
mod jwks_client;
mod jwks_fetch;
mod key_parsing;
mod key_set;
mod signature_cache;
mod token;
mod token_rules;
mod verification_keys;
#[cfg(test)]
mod wycheproof;

pub use authenticator::Authenticator;
pub use caller::{Caller, Forbidden, Scope};
pub use error::{AuthError, TokenError};
pub use jwks_client::{Clock, JwksClient};
pub use jwks_fetch::FetchKeys;
pub use key_set::KeySet;
pub use token_rules::{AcceptedValues, TokenRules};
pub use verification_keys::KeySetError;
