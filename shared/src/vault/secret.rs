//! A secret as the vault knows it, and as the table holds it.

use std::fmt;

use crate::names::{RoleId, SecretName, UserId};
use crate::random::RandomId;
use crate::sealing::ZeroizingBytes;

/// Data that a user put into the vault: the bytes of one JSON object, exactly as they were sent. Zeroized when
/// dropped; `Debug` shows the length alone.
pub struct SecretData(ZeroizingBytes);

impl SecretData {
    /// Takes over the bytes. That they are a JSON object is checked where a request is read.
    #[must_use]
    pub fn new(bytes: impl Into<ZeroizingBytes>) -> Self {
        Self(bytes.into())
    }

    /// The plaintext. Each caller says in a comment why it may see it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretData({} bytes)", self.0.len())
    }
}

/// One state of one secret: the secret's id tells it from a later secret of the same name, the version counts its
/// states from 1. Shown to clients as an entity tag, `"<version>-<id>"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Drawn when the secret was created; a secret of the same name that was created later has another.
    pub secret_id: RandomId,
    /// 1 for a new secret, one more for each update.
    pub version: u64,
}

impl Revision {
    /// The entity tag of RFC 9110, section 8.8.3, quotes included.
    #[must_use]
    pub fn entity_tag(&self) -> String {
        format!("\"{}-{}\"", self.version, self.secret_id)
    }

    /// The revision that an entity tag names; `None` for a tag that is not ours, which therefore matches nothing.
    #[must_use]
    pub fn from_entity_tag(tag: &str) -> Option<Self> {
        let (version, id) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
        let canonical = !version.starts_with(['0', '+']);
        let version = version.parse().ok().filter(|_| canonical)?;
        Some(Self { secret_id: RandomId::from_hex(id)?, version })
    }
}

/// Roles with access to a secret. In the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleLists {
    /// Roles that may read the secret.
    pub read: Vec<RoleId>,
    /// Roles that may replace the secret.
    pub write: Vec<RoleId>,
}

/// All of a secret but its data: the basis of decisions, which the seal therefore covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Owner of the secret.
    pub owner: UserId,
    /// Its name, unique for the owner.
    pub name: SecretName,
    /// Which state of which secret this is.
    pub revision: Revision,
    /// Drawn for each write, so that a write that is repeated after a lost answer knows its own result.
    pub write_id: RandomId,
    /// Creator of the secret; may be somebody else than the owner.
    pub author: UserId,
    /// Writer of this state.
    pub updated_by: UserId,
    /// When the secret was created, in milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: u64,
    /// When this state was written, in milliseconds since 1970-01-01T00:00:00Z.
    pub updated_ms: u64,
    /// Roles with access to it.
    pub roles: RoleLists,
}

/// A secret that was opened: its record was verified, and here is its data.
#[derive(Debug)]
pub struct Secret {
    /// All but the data.
    pub record: SecretRecord,
    /// The plaintext.
    pub data: SecretData,
}

/// A secret as the table holds it. Nothing in the record may be believed before the seal was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// As it was read from the table, or as it is to be written.
    pub record: SecretRecord,
    /// Header, wrapped data key and sealed data; see [`crate::sealing`].
    pub sealed: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision() -> Revision {
        Revision { secret_id: RandomId::from_bytes(&[0xab; 16]).unwrap(), version: 7 }
    }

    #[test]
    fn an_entity_tag_names_its_revision() {
        let tag = revision().entity_tag();
        assert_eq!(tag, "\"7-abababababababababababababababab\"");
        assert_eq!(Revision::from_entity_tag(&tag), Some(revision()));
    }

    #[test]
    fn another_spelling_of_a_tag_names_nothing() {
        for tag in [
            "7",
            "\"7\"",
            "W/\"7-abababababababababababababababab\"",
            "\"07-abababababababababababababababab\"",
            "\"+7-abababababababababababababababab\"",
            "\"7-ABABABABABABABABABABABABABABABAB\"",
            "\"7-ab\"",
            "*",
        ] {
            assert_eq!(Revision::from_entity_tag(tag), None, "{tag}");
        }
    }

    #[test]
    fn debug_shows_no_plaintext() {
        let data = SecretData::new(b"{\"password\":\"hunter2\"}".to_vec());
        assert_eq!(format!("{data:?}"), "SecretData(22 bytes)");
    }
}
