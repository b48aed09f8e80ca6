//! Who is calling: from the bytes of an Authorization header to a [`Caller`], or a reason why not.
//!
//! `jsonwebtoken` reads keys and checks signatures. Header and claims are read here, because the library's closed list
//! of algorithms lacks the name `Ed25519` (RFC 9864) that some issuers write, and because it lets the second of two
//! equal claims win. The order is fixed: shape, header, key, signature, claims; no claim is looked at before the
//! signature was right.

mod authenticator;
mod caller;
mod claims;
mod error;
mod jwks;
mod keys;
mod proven;
mod remote;
mod token;
#[cfg(test)]
mod wycheproof;

pub use authenticator::{Accepted, Authenticator, TokenRules};
pub use caller::{Caller, Forbidden, Scope};
pub use error::{AuthFault, TokenError};
pub use keys::{KeySet, KeySetError};
pub use remote::{Clock, FetchKeys, RemoteKeys};
