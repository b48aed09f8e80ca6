//! The keyring: named keys, one of which is current. New secrets are sealed with the current one; the others open
//! earlier seals.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::hkdf::{self, HKDF_SHA256, KeyType};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// The fewest characters of a key. Forty-three of base64 carry 256 bits.
const MIN_KEY_CHARACTERS: usize = 43;
/// The fewest different characters of a key: a placeholder has fewer, and random text of 43 characters never, be it
/// hexadecimal.
const MIN_DIFFERENT_CHARACTERS: usize = 8;
/// The longest text that is no key when repeated, in characters. Eight of base64 hold one or two bytes over and over.
const MAX_REPEATED_CHARACTERS: usize = 8;
/// The id of the key of a keyring that has just one.
const ONLY_KEY: &str = "1";

/// The id of a key: 1 to 32 ASCII letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId(String);

impl KeyId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let valid = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        valid.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Keys that seal secrets, zeroized when dropped; `Debug` shows the ids alone.
pub struct Keyring {
    current: KeyId,
    keys: BTreeMap<KeyId, Zeroizing<String>>,
}

/// A text that is no keyring. Messages hold nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not one of the two forms of version 1.
    #[error(
        "the keyring is not of the form {{\"v\": 1, \"current\": \"2\", \"keys\": {{\"1\": …, \"2\": …}}}} or {{\"v\": 1, \"key\": …}}"
    )]
    Form,
    /// Another version than 1.
    #[error("the keyring is of version {0}, and this build knows version 1")]
    Version(u64),
    /// `current` names no key.
    #[error("the keyring's current key is not among its keys")]
    NoCurrent,
    /// A key is too short to be one.
    #[error("key \"{0}\" of the keyring is shorter than 43 characters; `openssl rand -base64 48` makes a good one")]
    Short(String),
    /// A key is made of a few characters only.
    #[error(
        "key \"{0}\" of the keyring has fewer than 8 different characters; `openssl rand -base64 48` makes a good one"
    )]
    Uniform(String),
    /// A key is a short text over and over.
    #[error(
        "key \"{0}\" of the keyring repeats a text of at most 8 characters; `openssl rand -base64 48` makes a good one"
    )]
    Repeated(String),
    /// Two keys have one id, of which a reader would see the last.
    #[error("the keyring has two keys of the id \"{0}\"")]
    DoubledId(String),
    /// An id that sealed bytes can't name.
    #[error("the id of a key has 1 to 32 ASCII letters, digits, '-' and '_'")]
    Id,
}

/// Both forms of the JSON; exactly one of `key` and `current` with `keys` must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    v: u64,
    key: Option<Zeroizing<String>>,
    current: Option<String>,
    keys: Option<Entries>,
}

/// Members of `keys` in their order, equal names included.
struct Entries(Vec<(String, Zeroizing<String>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys by their ids")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = members.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Tells whether a key repeats a short text. The last character before the padding of base64 is not looked at: it holds
/// a part of a byte, so that it may differ from the one that it repeats.
fn is_repeated(key: &str) -> bool {
    let mut whole = key.trim_end_matches('=').chars();
    whole.next_back();
    (1..=MAX_REPEATED_CHARACTERS).any(|period| whole.clone().zip(whole.clone().skip(period)).all(|(a, b)| a == b))
}

impl Keyring {
    /// Reads a keyring from the JSON that Secrets Manager holds.
    ///
    /// # Errors
    /// [`KeyringError`] names the error, without showing any of the text.
    pub fn parse(json: &str) -> Result<Self, KeyringError> {
        let form: Form = serde_json::from_str(json).map_err(|_| KeyringError::Form)?;
        if form.v != 1 {
            return Err(KeyringError::Version(form.v));
        }
        let (current, keys) = match (form.key, form.current, form.keys) {
            (Some(key), None, None) => (ONLY_KEY.to_owned(), vec![(ONLY_KEY.to_owned(), key)]),
            (None, Some(current), Some(Entries(keys))) => (current, keys),
            _ => return Err(KeyringError::Form),
        };
        let mut checked = BTreeMap::new();
        for (id, key) in keys {
            let id = KeyId::parse(&id).ok_or(KeyringError::Id)?;
            if key.chars().count() < MIN_KEY_CHARACTERS {
                return Err(KeyringError::Short(id.0));
            }
            if key.chars().collect::<BTreeSet<_>>().len() < MIN_DIFFERENT_CHARACTERS {
                return Err(KeyringError::Uniform(id.0));
            }
            if is_repeated(&key) {
                return Err(KeyringError::Repeated(id.0));
            }
            if checked.contains_key(&id) {
                return Err(KeyringError::DoubledId(id.0));
            }
            checked.insert(id, key);
        }
        let current = KeyId::parse(&current).filter(|id| checked.contains_key(id)).ok_or(KeyringError::NoCurrent)?;
        Ok(Self { current, keys: checked })
    }

    pub(super) fn current(&self) -> &KeyId {
        &self.current
    }

    /// Derives the key-encryption key of one owner: HKDF-SHA-256 over the characters of the keyring's key, without
    /// salt, with an info that names purpose, format, key and owner.
    pub(super) fn derive_wrapping_key(&self, id: &KeyId, owner: &str) -> Option<LessSafeKey> {
        struct Aes256;
        impl KeyType for Aes256 {
            fn len(&self) -> usize {
                32
            }
        }
        let key = self.keys.get(id)?;
        let extracted = hkdf::Salt::new(HKDF_SHA256, &[]).extract(key.as_bytes());
        let info = [b"coffer/wrapping-key/1".as_slice(), &[0], id.as_str().as_bytes(), &[0], owner.as_bytes()];
        let mut bytes = Zeroizing::new([0; 32]);
        extracted.expand(&info, Aes256).and_then(|okm| okm.fill(bytes.as_mut_slice())).ok()?;
        UnboundKey::new(&AES_256_GCM, bytes.as_slice()).ok().map(LessSafeKey::new)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.keys().map(KeyId::as_str).collect();
        f.debug_struct("Keyring").field("current", &self.current.0).field("ids", &ids).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";

    #[test]
    fn both_forms_are_read() {
        let one = Keyring::parse(&format!(r#"{{"v":1,"key":"{KEY}"}}"#)).unwrap();
        assert_eq!(one.current().as_str(), "1");
        let two = Keyring::parse(&format!(r#"{{"v":1,"current":"b","keys":{{"a":"{KEY}","b":"{KEY}"}}}}"#)).unwrap();
        assert_eq!(two.current().as_str(), "b");
    }

    #[test]
    fn a_form_that_is_neither_is_refused() {
        for text in [
            "".to_owned(),
            "[]".to_owned(),
            format!(r#"{{"key":"{KEY}"}}"#),
            format!(r#"{{"v":1,"key":"{KEY}","current":"1","keys":{{"1":"{KEY}"}}}}"#),
            format!(r#"{{"v":1,"key":"{KEY}","more":1}}"#),
            r#"{"v":1}"#.to_owned(),
        ] {
            assert_eq!(Keyring::parse(&text).unwrap_err(), KeyringError::Form, "{text}");
        }
    }

    #[test]
    fn a_newer_version_is_not_guessed() {
        assert_eq!(Keyring::parse(&format!(r#"{{"v":2,"key":"{KEY}"}}"#)).unwrap_err(), KeyringError::Version(2));
    }

    #[test]
    fn a_current_key_that_is_not_there_is_refused() {
        let text = format!(r#"{{"v":1,"current":"2","keys":{{"1":"{KEY}"}}}}"#);
        assert_eq!(Keyring::parse(&text).unwrap_err(), KeyringError::NoCurrent);
    }

    #[test]
    fn a_short_key_is_refused_by_its_id() {
        let error = Keyring::parse(r#"{"v":1,"key":"hunter2"}"#).unwrap_err();
        assert_eq!(error, KeyringError::Short("1".to_owned()));
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_key_of_few_different_characters_is_refused_by_its_id() {
        for key in [
            "a".repeat(43),
            "A".repeat(63) + "=",
            "0".repeat(64),
            "xyz".repeat(20),
            // Base64 of 32 octets 0x01.
            "AQEB".repeat(10) + "AQE=",
            "abcd".repeat(11),
            "deadbeef".repeat(6),
            "changeme".repeat(6),
        ] {
            let error = Keyring::parse(&format!(r#"{{"v":1,"key":"{key}"}}"#)).unwrap_err();
            assert_eq!(error, KeyringError::Uniform("1".to_owned()), "{key}");
            assert!(!error.to_string().contains(&key));
        }
    }

    #[test]
    fn a_key_that_repeats_a_short_text_is_refused_by_its_id() {
        for key in [
            "abcdefgh".repeat(6),
            "12345678".repeat(5) + "1234",
            "pas\u{df}w\u{f6}rd".repeat(6),
            // Base64 of the octets AB CD, 16 times, and without padding: its last character holds part of an octet.
            "q82rzavN".repeat(5) + "q80=",
            "q82rzavN".repeat(5) + "q80",
        ] {
            let error = Keyring::parse(&format!(r#"{{"v":1,"key":"{key}"}}"#)).unwrap_err();
            assert_eq!(error, KeyringError::Repeated("1".to_owned()), "{key}");
            assert!(!error.to_string().contains(&key));
        }
    }

    #[test]
    fn a_hexadecimal_key_is_accepted() {
        let key = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        Keyring::parse(&format!(r#"{{"v":1,"key":"{key}"}}"#)).unwrap();
    }

    #[test]
    fn two_keys_of_one_id_are_refused() {
        let other = KEY.replace('0', "-");
        for second in [KEY, &other] {
            let text = format!(r#"{{"v":1,"current":"1","keys":{{"1":"{KEY}","2":"{KEY}","1":"{second}"}}}}"#);
            assert_eq!(Keyring::parse(&text).unwrap_err(), KeyringError::DoubledId("1".to_owned()));
        }
        // Written otherwise, it is the same id.
        let text = format!(r#"{{"v":1,"current":"1","keys":{{"1":"{KEY}","\u0031":"{KEY}"}}}}"#);
        assert_eq!(Keyring::parse(&text).unwrap_err(), KeyringError::DoubledId("1".to_owned()));
    }

    #[test]
    fn a_repeated_member_of_the_keyring_is_refused() {
        let text = format!(r#"{{"v":1,"current":"1","current":"1","keys":{{"1":"{KEY}"}}}}"#);
        assert_eq!(Keyring::parse(&text).unwrap_err(), KeyringError::Form);
    }

    #[test]
    fn debug_shows_no_key() {
        let ring = Keyring::parse(&format!(r#"{{"v":1,"key":"{KEY}"}}"#)).unwrap();
        assert!(!format!("{ring:?}").contains(KEY));
    }
}
