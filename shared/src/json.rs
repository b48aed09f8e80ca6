//! A JSON object that keeps the bytes of its members.
//!
//! `serde_json::Value` would lose numbers beyond 64 bits, the order of keys and the difference between spellings, and
//! would let the last of two equal keys win without a word: a body or a token that two readers can understand
//! differently is refused here.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object, each key once. They may be a secret or a token: `Debug` shows how many there are.
pub struct RawObject<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> RawObject<'a> {
    /// Reads an object from UTF-8 text.
    ///
    /// # Errors
    /// If `bytes` isn't UTF-8, isn't JSON, isn't an object, or names a member twice.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The member of this name, as it was written; `None` if it is absent or `null`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|value| value.get() != "null")
    }

    /// Tells whether the member is there, `null` or not.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The member read as a `T`, if it is there and is one.
    #[must_use]
    pub fn read<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl fmt::Debug for RawObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawObject({})", self.0.len())
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if members.insert(key, value).is_some() {
                        return Err(A::Error::custom("a member is there twice"));
                    }
                }
                Ok(RawObject(members))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

/// Tells whether a JSON object names this member, once or more often: for documents, which are not validated here.
#[must_use]
pub fn names_member(object: &[u8], name: &str) -> bool {
    let members: Result<BTreeMap<String, IgnoredAny>, _> = serde_json::from_slice(object);
    members.is_ok_and(|members| members.contains_key(name))
}

/// Name of a JSON value's type, for messages: the value itself may be a secret.
#[must_use]
pub fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_bytes() {
        let members = RawObject::parse(b"{\"a\": { \"n\" : 1e400,\"n\":-0 } }").unwrap();
        assert_eq!(members.get("a").unwrap().get(), "{ \"n\" : 1e400,\"n\":-0 }");
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused() {
        assert!(RawObject::parse(br#"{"a":1,"a":1}"#).is_err());
        assert!(RawObject::parse(br#"{"a":1,"\u0061":1}"#).is_err());
    }

    #[test]
    fn null_is_there_but_has_no_value() {
        let members = RawObject::parse(br#"{"a":null}"#).unwrap();
        assert!(members.has("a") && members.get("a").is_none());
    }
}
