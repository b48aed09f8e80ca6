//! Sealing: how plaintext becomes bytes that only a holder of the keyring can open, and only in the place they were
//! sealed for.
//!
//! Every write draws a fresh AES-256-GCM data key, seals the plaintext with it, and wraps it with a key-encryption key
//! that HKDF-SHA-256 derives from the keyring for one owner. The sealed bytes name their format and their key, so
//! nothing is ever guessed. The caller's `aad` holds everything else that the seal covers: the owner of the plaintext,
//! its name, its version …. Bytes sealed with one `aad` don't open with another.
//!
//! The layout of format 1 is in `header.rs`; docs/SECURITY.md repeats it and names its limits.

mod header;
mod keyring;
mod keyring_source;
mod seal;
mod sealer;
mod zeroizing_bytes;

pub use header::FormatError;
pub use keyring::{Keyring, KeyringError};
pub use keyring_source::{KeyringSource, KeyringText, SecretsManagerKeyring};
pub use seal::{OpenError, SealError};
pub use sealer::{Sealer, SealerError};
pub use zeroizing_bytes::ZeroizingBytes;
