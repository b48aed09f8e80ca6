//! Parsing of keys: a JSON Web Key Set (RFC 7517) or one public key in PEM.
//!
//! Members are read one by one rather than through the library's type: that type refuses a key for a member that is
//! null or empty, as some issuers write them, and keeps an RSA modulus with the zeros before it.

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::RawObject;

use super::signature_cache::SignatureCache;
use super::token::decode;
use super::verification_keys::{KeySetError, VerificationKey, algorithm, raw_key};

/// Bits of an accepted RSA modulus: from the shortest that NIST SP 800-131A allows to the longest that the library
/// verifies with.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Most bits of an RSA exponent that the library verifies with.
const MAX_EXPONENT_BITS: usize = 33;

/// Keys of a set.
pub(super) struct ParsedSet {
    pub(super) usable: Vec<VerificationKey>,
    /// Keys that are not understood or not for signatures: an issuer may publish them beside those in use.
    pub(super) left_out: Vec<LeftOut>,
}

/// Key of a set that no token is verified with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) id: Option<String>,
    pub(super) reason: String,
}

/// Parses a key set. A byte order mark before it is skipped.
pub(super) fn read(text: &str) -> Result<ParsedSet, KeySetError> {
    #[derive(Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    let set: Set<'_> = serde_json::from_str(without_mark(text))
        .map_err(|error| KeySetError::NotJwks { line: error.line(), column: error.column() })?;
    let mut parsed = ParsedSet { usable: Vec::new(), left_out: Vec::new() };
    for key in set.keys {
        match read_key(key.get()) {
            Ok(key) => parsed.usable.push(key),
            Err(left_out) => parsed.left_out.push(left_out),
        }
    }
    Ok(parsed)
}

/// Text without the byte order mark that some servers and editors put first.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn read_key(text: &str) -> Result<VerificationKey, LeftOut> {
    let unnamed = |reason| LeftOut { id: None, reason };
    let members = RawObject::parse(text.as_bytes())
        .map_err(|_| unnamed("it is not a JSON object that has each member once".to_owned()))?;
    let id = optional_text(&members, "kid").map_err(unnamed)?;
    match usable_key(&members) {
        Ok((algorithms, key)) => Ok(VerificationKey { id, algorithms, key, verified: SignatureCache::new() }),
        Err(reason) => Err(LeftOut { id, reason }),
    }
}

fn usable_key(members: &RawObject<'_>) -> Result<(Vec<Algorithm>, DecodingKey), String> {
    if optional_text(members, "use")?.is_some_and(|usage| usage != "sig") {
        return Err("`use` is not `sig`".to_owned());
    }
    if let Some(operations) = present(members, "key_ops") {
        let operations: Vec<Option<String>> =
            serde_json::from_str(operations.get()).map_err(|_| "`key_ops` is not an array of strings".to_owned())?;
        let mut operations = operations.into_iter().flatten().filter(|name| !name.is_empty()).peekable();
        if operations.peek().is_some() && !operations.any(|name| name == "verify") {
            return Err("`key_ops` lacks `verify`".to_owned());
        }
    }
    let (possible, key) = match required_text(members, "kty")?.as_str() {
        "RSA" => (AlgorithmFamily::Rsa.algorithms().to_vec(), rsa_key(&bytes(members, "n")?, &bytes(members, "e")?)?),
        "EC" => ec_key(members)?,
        "OKP" => ed25519_key(members)?,
        // Symmetric keys have no business in a published set, and no token is accepted for one.
        _ => return Err("`kty` is none of RSA, EC and OKP".to_owned()),
    };
    // A key that names its algorithm is for no other.
    let Some(name) = optional_text(members, "alg")? else { return Ok((possible, key)) };
    match algorithm(&name).filter(|only| possible.contains(only)) {
        Some(only) => Ok((vec![only], key)),
        None => Err("`alg` is not an accepted one of this type of key".to_owned()),
    }
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Result<DecodingKey, String> {
    // Some issuers write the sign octet of their number type, which RFC 7518 (section 2) forbids and the library
    // refuses only when it verifies.
    let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
    let bits = bit_length(modulus);
    if !MODULUS_BITS.contains(&bits) {
        return Err(format!("its modulus has {bits} bits; accepted are 2048 to 8192"));
    }
    let odd = exponent.last().is_some_and(|last| last % 2 == 1);
    if !odd || exponent == [1] || bit_length(exponent) > MAX_EXPONENT_BITS {
        return Err("its exponent is not an odd number from 3 to 33 bits".to_owned());
    }
    Ok(DecodingKey::from_rsa_raw_components(modulus, exponent))
}

fn ec_key(members: &RawObject<'_>) -> Result<(Vec<Algorithm>, DecodingKey), String> {
    let (size, algorithm) = match required_text(members, "crv")?.as_str() {
        "P-256" => (32, Algorithm::ES256),
        "P-384" => (48, Algorithm::ES384),
        _ => return Err("`crv` is neither P-256 nor P-384".to_owned()),
    };
    let (x, y) = (required_text(members, "x")?, required_text(members, "y")?);
    // RFC 7518, section 6.2.1.2: the full size of the curve, zeros included.
    if [&x, &y].into_iter().any(|coordinate| decode(coordinate).is_none_or(|bytes| bytes.len() != size)) {
        return Err("`x` or `y` is not a coordinate of this curve in base64url".to_owned());
    }
    let key = DecodingKey::from_ec_components(&x, &y).map_err(|_| "`x` and `y` are not a point".to_owned())?;
    Ok((vec![algorithm], key))
}

fn ed25519_key(members: &RawObject<'_>) -> Result<(Vec<Algorithm>, DecodingKey), String> {
    if required_text(members, "crv")? != "Ed25519" {
        return Err("`crv` is not Ed25519".to_owned());
    }
    let x = required_text(members, "x")?;
    if decode(&x).is_none_or(|bytes| bytes.len() != 32) {
        return Err("`x` is not 32 bytes in base64url".to_owned());
    }
    let key = DecodingKey::from_ed_components(&x).map_err(|_| "`x` is not a key".to_owned())?;
    Ok((vec![Algorithm::EdDSA], key))
}

/// Member that is neither null nor empty: .NET's serializers write null, `""` and `[]` for an unset value.
fn present<'a>(members: &RawObject<'a>, name: &str) -> Option<&'a RawValue> {
    let empty = |value: &RawValue| match value.get().as_bytes() {
        b"\"\"" => true,
        [b'[' | b'{', inner @ .., _] => inner.iter().all(u8::is_ascii_whitespace),
        _ => false,
    };
    members.get(name).filter(|value| !empty(value))
}

/// Text of a member, if it is present.
fn optional_text(members: &RawObject<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(value) = present(members, name) else { return Ok(None) };
    serde_json::from_str(value.get()).map(Some).map_err(|_| format!("`{name}` is not a string"))
}

fn required_text(members: &RawObject<'_>, name: &str) -> Result<String, String> {
    optional_text(members, name)?.ok_or_else(|| format!("`{name}` is missing"))
}

fn bytes(members: &RawObject<'_>, name: &str) -> Result<Vec<u8>, String> {
    decode(&required_text(members, name)?).ok_or_else(|| format!("`{name}` is not base64url without padding"))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Bits of a number without leading zero octets.
fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Parses a PEM text that holds a public key of an accepted kind.
pub(super) fn read_pem(text: &str) -> Option<VerificationKey> {
    let text = without_mark(text).trim_start();
    // The library reads private keys as well; one that is pasted by mistake must not be kept.
    let public = ["-----BEGIN PUBLIC KEY-----", "-----BEGIN RSA PUBLIC KEY-----"];
    if !public.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    let pem = text.as_bytes();
    let (algorithms, key) = if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        let (modulus, exponent) = rsa_numbers(raw_key(&key)?)?;
        (AlgorithmFamily::Rsa.algorithms().to_vec(), rsa_key(modulus, exponent).ok()?)
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
    Some(VerificationKey { id: None, algorithms, key, verified: SignatureCache::new() })
}

/// Modulus and exponent of an RSAPublicKey in DER (RFC 8017, appendix A.1.1).
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (numbers, _) = der_value(der, SEQUENCE)?;
    let (modulus, rest) = der_value(numbers, INTEGER)?;
    let (exponent, _) = der_value(rest, INTEGER)?;
    Some((modulus, exponent))
}

/// Value of the first DER element, which must have this tag, and the bytes after it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
