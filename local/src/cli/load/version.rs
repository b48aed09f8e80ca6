//! The version of a document that is loaded.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use shared::search::Version;

/// The members that say when a document's state was made, the first of them that is a time.
const USUAL: [&str; 2] = ["synced", "modified"];

/// Where versions are found.
#[derive(Debug, Clone)]
pub(super) struct VersionRule {
    /// The member that holds them, if it isn't one of the usual ones.
    pub(super) field: Option<String>,
    /// The version of a document without one.
    pub(super) fallback: Option<Version>,
}

impl VersionRule {
    /// The version of a document: a time of RFC 3339 counts in milliseconds since 1970.
    ///
    /// # Errors
    /// That it has none, and what can be done about it.
    pub(super) fn of(&self, document: &[u8]) -> Result<Version, String> {
        let found = match &self.field {
            Some(field) => members(document, &[field]).into_iter().flatten().find_map(of_any),
            None => members(document, &USUAL).into_iter().flatten().find_map(of_time),
        };
        found.or(self.fallback).ok_or_else(|| match &self.field {
            Some(field) => format!(
                "the member {field} is neither a time of RFC 3339 nor a whole number: name another member with \
                 --version-field, or give a version with --version"
            ),
            None => "neither the member synced nor modified is a time of RFC 3339: name another member with \
                     --version-field, or give a version with --version"
                .to_owned(),
        })
    }
}

fn of_time(value: &RawValue) -> Option<Version> {
    Version::of_time(&serde_json::from_str::<String>(value.get()).ok()?)
}

fn of_any(value: &RawValue) -> Option<Version> {
    of_time(value).or_else(|| Version::new(value.get().parse().ok()?))
}

/// The members of these names, in the order of the names. The others are passed over, for a document may have many.
fn members<'a>(document: &'a [u8], names: &[&str]) -> Vec<Option<&'a RawValue>> {
    let mut reader = serde_json::Deserializer::from_slice(document);
    Wanted(names).deserialize(&mut reader).unwrap_or_default()
}

struct Wanted<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            match name.and_then(|number| found.get_mut(number)) {
                Some(place) => *place = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Reads a key as its number among these names.
struct Name<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(rule: &VersionRule, document: &str) -> Option<u64> {
        rule.of(document.as_bytes()).ok().map(Version::number)
    }

    #[test]
    fn the_first_usual_member_that_is_a_time_counts() {
        let rule = VersionRule { field: None, fallback: None };
        for (document, expected) in [
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":"1970-01-01T00:00:01Z"}"#, Some(1000)),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":null}"#, Some(2000)),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":17}"#, Some(2000)),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":"soon"}"#, Some(2000)),
            (r#"{"m\u006fdified":"1970-01-01T00:00:02Z"}"#, Some(2000)),
            (r#"{"modified":{"modified":"1970-01-01T00:00:02Z"}}"#, None),
            (r#"{"o":{"modified":"1970-01-01T00:00:02Z"}}"#, None),
            (r#"{}"#, None),
        ] {
            assert_eq!(version(&rule, document), expected, "{document}");
        }
    }

    #[test]
    fn a_named_member_counts_alone_and_may_be_a_number() {
        let rule = VersionRule { field: Some("v".to_owned()), fallback: None };
        for (document, expected) in [
            (r#"{"v":17}"#, Some(17)),
            (r#"{"v":"1970-01-01T00:00:02Z"}"#, Some(2000)),
            (r#"{"v":1.5}"#, None),
            (r#"{"v":-1}"#, None),
            (r#"{"v":"17"}"#, None),
            (r#"{"v":9223372036854775808}"#, None),
            (r#"{"synced":"1970-01-01T00:00:02Z"}"#, None),
        ] {
            assert_eq!(version(&rule, document), expected, "{document}");
        }
    }

    #[test]
    fn a_given_version_is_that_of_documents_without_one() {
        let rule = VersionRule { field: None, fallback: Version::new(5) };
        assert_eq!(version(&rule, r#"{"modified":null}"#), Some(5));
        assert_eq!(version(&rule, r#"{"modified":"1970-01-01T00:00:02Z"}"#), Some(2000));
    }

    #[test]
    fn what_is_missing_is_said_with_the_ways_out() {
        let reason = |field: Option<&str>| {
            let rule = VersionRule { field: field.map(str::to_owned), fallback: None };
            rule.of(b"{}").unwrap_err()
        };
        for (reason, names) in [(reason(None), &["synced", "modified"][..]), (reason(Some("stamp")), &["stamp"])] {
            for name in [names, &["--version-field", "--version "]].concat() {
                assert!(format!("{reason} ").contains(name), "{name}: {reason}");
            }
        }
    }
}
