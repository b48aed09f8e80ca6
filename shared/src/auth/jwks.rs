//! Reading keys: a JSON Web Key Set (RFC 7517) or one public key in PEM.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Members;

use super::keys::{KeySetError, VerificationKey, algorithm, raw_key};
use super::proven::Proven;
use super::token::decode;

/// The shortest accepted RSA modulus, in bytes: 2,048 bits.
const MIN_MODULUS: usize = 256;

/// The usable keys of a set. A key that isn't understood is left out, so that an issuer may publish keys of kinds to
/// come beside those in use.
pub(super) fn read(text: &str) -> Result<Vec<VerificationKey>, KeySetError> {
    #[derive(Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    let set: Set<'_> = serde_json::from_str(text)
        .map_err(|error| KeySetError::NotJwks { line: error.line(), column: error.column() })?;
    Ok(set.keys.into_iter().filter_map(|key| read_key(key.get())).collect())
}

fn read_key(text: &str) -> Option<VerificationKey> {
    let members = Members::parse(text.as_bytes()).ok()?;
    let jwk: Jwk = serde_json::from_str(text).ok()?;
    let for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature)
        && jwk.common.key_operations.as_ref().is_none_or(|ops| ops.contains(&KeyOperations::Verify));
    if !for_signatures {
        return None;
    }
    let possible = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) => {
            let modulus = decode(&key.n)?;
            let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
            (significant >= MIN_MODULUS).then(|| AlgorithmFamily::Rsa.algorithms().to_vec())?
        }
        AlgorithmParameters::EllipticCurve(key) => {
            let (size, algorithm) = match key.curve {
                EllipticCurve::P256 => (32, Algorithm::ES256),
                EllipticCurve::P384 => (48, Algorithm::ES384),
                _ => return None,
            };
            let fits = decode(&key.x)?.len() == size && decode(&key.y)?.len() == size;
            fits.then(|| vec![algorithm])?
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (decode(&key.x)?.len() == 32).then(|| vec![Algorithm::EdDSA])?
        }
        // Symmetric keys have no business in a published set, and no token is accepted for one.
        _ => return None,
    };
    // Where the key says what it is for, it is for nothing else.
    let algorithms = if members.has("alg") {
        let only = algorithm(&members.read::<String>("alg")?)?;
        possible.contains(&only).then(|| vec![only])?
    } else {
        possible
    };
    Some(VerificationKey {
        id: jwk.common.key_id.clone(),
        algorithms,
        key: DecodingKey::from_jwk(&jwk).ok()?,
        proven: Proven::new(),
    })
}

/// The key of a PEM text, if it is a public one of an accepted kind.
pub(super) fn read_pem(text: &str) -> Option<VerificationKey> {
    // The library reads private keys as well; one that is pasted by mistake must not be kept.
    let public = ["-----BEGIN PUBLIC KEY-----", "-----BEGIN RSA PUBLIC KEY-----"];
    if !public.iter().any(|start| text.trim_start().starts_with(start)) {
        return None;
    }
    let pem = text.as_bytes();
    let (algorithms, key) = if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        (raw_key(&key)?.len() >= MIN_MODULUS).then(|| (AlgorithmFamily::Rsa.algorithms().to_vec(), key))?
    } else if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        // An uncompressed point: one byte, then both coordinates.
        let algorithm = match raw_key(&key)?.len() {
            65 => Algorithm::ES256,
            97 => Algorithm::ES384,
            _ => return None,
        };
        (vec![algorithm], key)
    } else {
        (vec![Algorithm::EdDSA], DecodingKey::from_ed_pem(pem).ok()?)
    };
    Some(VerificationKey { id: None, algorithms, key, proven: Proven::new() })
}
