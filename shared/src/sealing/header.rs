//! The layout of sealed bytes, format 1:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | format, `0x01` |
//! | 1 | length *n* of the key's id, 1 to 32 |
//! | *n* | id of the key in the keyring, ASCII letters, digits, `-` and `_` |
//! | 12 | nonce of the wrapped key |
//! | 48 | data key, sealed with the key-encryption key, tag included |
//! | 12 | nonce of the data |
//! | rest | data, sealed with the data key, tag included |
//!
//! All before the last row is the header; it is authenticated together with the `aad`.

use super::keyring::KeyId;

/// The one format there is.
pub(super) const FORMAT: u8 = 1;
/// AES-GCM's nonce, in bytes.
pub(super) const NONCE: usize = 12;
/// AES-GCM's tag, in bytes.
pub(super) const TAG: usize = 16;
/// A wrapped AES-256 key: the key and its tag, in bytes.
pub(super) const WRAPPED: usize = 32 + TAG;

/// Sealed bytes that don't follow the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The first byte names a format that this build doesn't know.
    #[error("sealed bytes of unknown format {0}")]
    Unknown(u8),
    /// Too short, or no acceptable key id.
    #[error("sealed bytes are damaged")]
    Damaged,
}

/// Sealed bytes, taken apart but not yet verified.
#[derive(Debug)]
pub(super) struct SealedParts<'a> {
    pub(super) key_id: KeyId,
    /// Format and key id: additional authenticated data of the wrapped key.
    pub(super) prefix: &'a [u8],
    pub(super) wrap_nonce: [u8; NONCE],
    pub(super) wrapped_key: &'a [u8],
    /// Everything before the sealed data: additional authenticated data of the data.
    pub(super) header: &'a [u8],
    pub(super) data_nonce: [u8; NONCE],
    pub(super) sealed_data: &'a [u8],
}

/// The first bytes of a header: format and key id.
pub(super) fn prefix(key_id: &KeyId) -> Vec<u8> {
    let id = key_id.as_str().as_bytes();
    let mut prefix = Vec::with_capacity(2 + id.len());
    prefix.push(FORMAT);
    // A KeyId has at most 32 bytes.
    prefix.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
    prefix.extend_from_slice(id);
    prefix
}

/// Takes sealed bytes apart.
pub(super) fn parse(sealed: &[u8]) -> Result<SealedParts<'_>, FormatError> {
    let damaged = FormatError::Damaged;
    let (&format, rest) = sealed.split_first().ok_or(damaged)?;
    if format != FORMAT {
        return Err(FormatError::Unknown(format));
    }
    let (&length, rest) = rest.split_first().ok_or(damaged)?;
    let (id, rest) = rest.split_at_checked(usize::from(length)).ok_or(damaged)?;
    let key_id = std::str::from_utf8(id).ok().and_then(KeyId::parse).ok_or(damaged)?;
    let (wrap_nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(damaged)?;
    let (wrapped_key, rest) = rest.split_at_checked(WRAPPED).ok_or(damaged)?;
    let (data_nonce, sealed_data) = rest.split_first_chunk::<NONCE>().ok_or(damaged)?;
    if sealed_data.len() < TAG {
        return Err(damaged);
    }
    let prefix = sealed.get(..2 + id.len()).ok_or(damaged)?;
    let header = sealed.get(..sealed.len() - sealed_data.len()).ok_or(damaged)?;
    Ok(SealedParts {
        key_id,
        prefix,
        wrap_nonce: *wrap_nonce,
        wrapped_key,
        header,
        data_nonce: *data_nonce,
        sealed_data,
    })
}
