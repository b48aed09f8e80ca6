//! Public RSA, EC and Ed25519 keys, each with the algorithms that it may verify.

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};

use super::signature_cache::SignatureCache;

/// One public key.
pub(super) struct VerificationKey {
    pub(super) id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
    pub(super) verified: SignatureCache,
}

/// A text that holds no usable keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON Web Key Set (RFC 7517). The error doesn't tell its actual content: it may be a private key.
    #[error("no JSON Web Key Set (line {line}, column {column})")]
    NotJwks {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// A set without a key that tokens can be verified with.
    #[error("no RSA (2048 bits or more), EC (P-256, P-384) or Ed25519 signing key in the set")]
    NoUsableKey,
    /// Not a public key in PEM.
    #[error("no RSA (2048 bits or more), EC (P-256, P-384) or Ed25519 public key in PEM")]
    NotPem,
    /// More than is taken.
    #[error("a key set has at most {0} bytes")]
    TooLarge(usize),
}

/// The accepted algorithms by their registered names; no HMAC, no `none`.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "Ed25519" => Some(Algorithm::EdDSA), // RFC 9864: the fully-specified name
        _ => name.parse().ok().filter(|algorithm: &Algorithm| algorithm.family() != AlgorithmFamily::Hmac),
    }
}

/// The bytes of a key that was given as one piece: for EC the point, for Ed25519 the public key.
pub(super) fn raw_key(key: &DecodingKey) -> Option<&[u8]> {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => Some(bytes),
        DecodingKeyKind::RsaModulusExponent { .. } => None,
    }
}
