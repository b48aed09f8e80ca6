//! Sealing: how plaintext becomes bytes that only a holder of the keyring can open, and only in the place they were
//! sealed for.
//!
//! Every write draws a fresh AES-256-GCM data key, seals the plaintext with it, and wraps it with a key-encryption key
//! that HKDF-SHA-256 derives from the keyring for one owner. The sealed bytes name their format and their key, so
//! nothing is ever guessed. What else the seal covers (whose the plaintext is, its name, its version …) is the
//! `context` that the caller gives: bytes sealed in one context don't open in another.
//!
//! The layout of format 1 is in `header.rs`; docs/SECURITY.md repeats it and names its limits.

mod header;
mod keyring;
mod seal;
mod source;
mod wiped;

pub use header::FormatError;
pub use keyring::{Keyring, KeyringError};
pub use seal::{OpenError, SealError};
pub use source::{KeyringSource, KeyringText, Sealer, SealerError, SecretsManagerKeyring};
pub use wiped::Wiped;
