//! Seal and open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::header::{self, FormatError, NONCE, TAG, WRAPPED};
use super::keyring::Keyring;
use super::zeroizing_bytes::ZeroizingBytes;

/// Sealing failed: no random bytes, or more data than AES-GCM takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealing failed")]
pub struct SealError;

/// Error of sealed bytes that don't open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// They don't follow the layout.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// They name a key that the keyring doesn't hold.
    #[error("the keyring holds no key \"{0}\"")]
    UnknownKey(String),
    /// They were changed, or were sealed with other additional authenticated data.
    #[error("the seal doesn't fit the record")]
    NotAuthentic,
}

/// Everything random that one sealing needs.
struct Fresh {
    data_key: Zeroizing<[u8; 32]>,
    wrap_nonce: [u8; NONCE],
    data_nonce: [u8; NONCE],
}

impl Fresh {
    fn make() -> Result<Self, SealError> {
        let mut fresh = Self { data_key: Zeroizing::new([0; 32]), wrap_nonce: [0; NONCE], data_nonce: [0; NONCE] };
        for bytes in [fresh.data_key.as_mut_slice(), &mut fresh.wrap_nonce, &mut fresh.data_nonce] {
            rand::fill(bytes).map_err(|_| SealError)?;
        }
        Ok(fresh)
    }
}

/// Seals `plaintext` for `owner` and `aad` with the keyring's current key.
///
/// # Errors
/// [`SealError`] if there is no randomness to be had.
pub(super) fn seal(keyring: &Keyring, owner: &str, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_with(keyring, owner, aad, plaintext, &Fresh::make()?)
}

fn seal_with(
    keyring: &Keyring,
    owner: &str,
    aad: &[u8],
    plaintext: &[u8],
    fresh: &Fresh,
) -> Result<Vec<u8>, SealError> {
    let key_id = keyring.current();
    let wrapping_key = keyring.derive_wrapping_key(key_id, owner).ok_or(SealError)?;
    let mut sealed = header::prefix(key_id);
    sealed.reserve_exact(NONCE + WRAPPED + NONCE + plaintext.len() + TAG);

    // The buffer holds the data key until it is sealed in place; it is wiped on every way out.
    let mut wrapped = Zeroizing::new(*fresh.data_key);
    let tag = wrapping_key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(fresh.wrap_nonce),
            Aad::from(sealed.as_slice()),
            wrapped.as_mut_slice(),
        )
        .map_err(|_| SealError)?;
    sealed.extend_from_slice(&fresh.wrap_nonce);
    sealed.extend_from_slice(wrapped.as_slice());
    sealed.extend_from_slice(tag.as_ref());
    sealed.extend_from_slice(&fresh.data_nonce);

    let aad = authenticated(&sealed, aad);
    let start = sealed.len();
    // Zeroized, unless the plaintext in it becomes ciphertext.
    let mut sealed = ZeroizingBytes::from(sealed);
    sealed.bytes_mut().extend_from_slice(plaintext);
    let data = sealed.bytes_mut().get_mut(start..).ok_or(SealError)?;
    let tag = data_key(fresh.data_key.as_slice())
        .ok_or(SealError)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(fresh.data_nonce), Aad::from(aad), data)
        .map_err(|_| SealError)?;
    sealed.bytes_mut().extend_from_slice(tag.as_ref());
    Ok(sealed.into_bytes())
}

/// Opens the bytes that [`seal`] sealed for `owner` with the same `aad`.
///
/// # Errors
/// [`OpenError`]; no plaintext is given out unless every tag was right.
pub(super) fn open(keyring: &Keyring, owner: &str, aad: &[u8], sealed: &[u8]) -> Result<ZeroizingBytes, OpenError> {
    let parts = header::parse(sealed)?;
    let wrapping_key = keyring
        .derive_wrapping_key(&parts.key_id, owner)
        .ok_or_else(|| OpenError::UnknownKey(parts.key_id.as_str().to_owned()))?;
    let data_key_bytes =
        open_part(&wrapping_key, parts.wrap_nonce, parts.prefix, parts.wrapped_key).ok_or(OpenError::NotAuthentic)?;
    let data_key = data_key(&data_key_bytes).ok_or(OpenError::NotAuthentic)?;
    open_part(&data_key, parts.data_nonce, &authenticated(parts.header, aad), parts.sealed_data)
        .ok_or(OpenError::NotAuthentic)
}

fn open_part(key: &LessSafeKey, nonce: [u8; NONCE], aad: &[u8], sealed: &[u8]) -> Option<ZeroizingBytes> {
    let mut buffer = ZeroizingBytes::from(sealed.to_vec());
    let bytes = buffer.bytes_mut();
    let length = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), bytes).ok()?.len();
    bytes.truncate(length);
    Some(buffer)
}

fn data_key(bytes: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new)
}

/// The data's authenticated bytes. The header's length follows from its own content, so the two can't run into
/// each other.
fn authenticated(header: &[u8], aad: &[u8]) -> Vec<u8> {
    [header, aad].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: &str = r#"{"v":1,"current":"2","keys":{
        "1":"first-key-first-key-first-key-first-key-first-key",
        "2":"second-key-second-key-second-key-second-key-second"}}"#;

    fn ring() -> Keyring {
        Keyring::parse(RING).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    /// Format 1, permanent, made with another implementation of HKDF and AES-GCM: secrets sealed like this are in
    /// people's tables. If a test with it fails, the code is wrong.
    const VECTOR_HEADER: &str = "010132";
    const VECTOR_WRAPPED: &str =
        "5f9acd17d3427a617ccf1cca62abd35565b55901ff5aa6d916dec421e71d387a89d982c17eafb156a0e4abc25804daea";
    const VECTOR_DATA: &str =
        "2987bd6a6e35b555e1b70da4e2e10f81a3c6100bd8b1d602090c66e5dc4dafe25d490016a02e95e9c67429d5";
    const VECTOR_AAD: &[u8] = b"a context";
    const VECTOR_PLAINTEXT: &[u8] = br#"{"password":"correct horse"}"#;

    fn vector() -> Vec<u8> {
        bytes(&[VECTOR_HEADER, &"11".repeat(12), VECTOR_WRAPPED, &"22".repeat(12), VECTOR_DATA].concat())
    }

    #[test]
    fn format_1_is_sealed_as_it_always_was() {
        let fresh = Fresh { data_key: Zeroizing::new([0x33; 32]), wrap_nonce: [0x11; 12], data_nonce: [0x22; 12] };
        let sealed = seal_with(&ring(), "alice", VECTOR_AAD, VECTOR_PLAINTEXT, &fresh).unwrap();
        let parts = header::parse(&sealed).unwrap();
        assert_eq!(hex(parts.prefix), VECTOR_HEADER);
        assert_eq!(hex(parts.wrapped_key), VECTOR_WRAPPED);
        assert_eq!(hex(parts.sealed_data), VECTOR_DATA);
        assert_eq!(hex(&sealed), hex(&vector()));
    }

    #[test]
    fn format_1_opens_for_ever() {
        let opened = open(&ring(), "alice", VECTOR_AAD, &vector()).unwrap();
        assert_eq!(&*opened, VECTOR_PLAINTEXT);
    }

    #[test]
    fn every_bit_is_covered() {
        let sealed = vector();
        for byte in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[byte] ^= 1 << bit;
                assert!(open(&ring(), "alice", VECTOR_AAD, &changed).is_err(), "byte {byte}, bit {bit}");
            }
        }
    }

    #[test]
    fn every_cut_is_found() {
        let sealed = vector();
        for length in 0..sealed.len() {
            assert!(open(&ring(), "alice", VECTOR_AAD, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn another_owner_or_context_opens_nothing() {
        assert_eq!(open(&ring(), "bob", VECTOR_AAD, &vector()), Err(OpenError::NotAuthentic));
        assert_eq!(open(&ring(), "alice", b"another", &vector()), Err(OpenError::NotAuthentic));
    }

    #[test]
    fn a_key_that_is_no_longer_current_still_opens() {
        let old = Keyring::parse(&RING.replace(r#""current":"2""#, r#""current":"1""#)).unwrap();
        let sealed = seal(&old, "alice", b"c", b"plain").unwrap();
        assert_eq!(&*open(&ring(), "alice", b"c", &sealed).unwrap(), b"plain");
    }

    #[test]
    fn a_key_that_is_gone_is_named() {
        let without = Keyring::parse(r#"{"v":1,"key":"first-key-first-key-first-key-first-key-first-key"}"#).unwrap();
        assert_eq!(open(&without, "alice", VECTOR_AAD, &vector()), Err(OpenError::UnknownKey("2".to_owned())));
    }

    #[test]
    fn a_format_of_tomorrow_is_not_guessed() {
        let mut sealed = vector();
        sealed[0] = 2;
        let error = open(&ring(), "alice", VECTOR_AAD, &sealed).unwrap_err();
        assert_eq!(error, OpenError::Format(FormatError::Unknown(2)));
    }

    #[test]
    fn the_same_plaintext_is_never_sealed_alike() {
        let [one, two] = [(), ()].map(|()| seal(&ring(), "alice", b"c", b"plain").unwrap());
        assert_ne!(header::parse(&one).unwrap().wrapped_key, header::parse(&two).unwrap().wrapped_key);
        assert_ne!(header::parse(&one).unwrap().sealed_data, header::parse(&two).unwrap().sealed_data);
    }
}
