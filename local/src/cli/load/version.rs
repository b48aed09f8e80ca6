//! The version of a document that is loaded.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use shared::search::Version;

/// The members that say when a document's state was made, the first of them that is a time.
const USUAL: [&str; 2] = ["synced", "modified"];

/// Where versions are found.
#[derive(Debug, Clone)]
pub(in crate::cli) struct VersionRule {
    /// The member that holds them, if it isn't one of the usual ones.
    pub(in crate::cli) field: Option<String>,
    /// The version of a document without one.
    pub(in crate::cli) fallback: Option<Version>,
}

impl VersionRule {
    /// The version of a document: a time counts in milliseconds since 1970. The first member that is there and not null
    /// decides: where it is not understood, another would give the version of an older state.
    ///
    /// # Errors
    /// It has none; the text names the remedy.
    pub(in crate::cli) fn of(&self, document: &[u8]) -> Result<Version, String> {
        let named = self.field.as_deref().map(|field| [field]);
        let names: &[&str] = named.as_ref().map_or(&USUAL, |named| named);
        let found = members(document, names);
        let there = names.iter().zip(found).find_map(|(name, value)| Some((*name, value.filter(is_some)?)));
        let Some((name, value)) = there else {
            return self.fallback.ok_or_else(|| {
                format!(
                    "{} is absent or null: {WAYS_OUT}",
                    match &self.field {
                        Some(field) => format!("the member {field}"),
                        None => "each of the members synced and modified".to_owned(),
                    }
                )
            });
        };
        let time = of_time(value);
        if time.is_some_and(|time| time.number() > latest()) {
            return Err(format!("the member {name} is a time more than a day ahead: {WAYS_OUT}"));
        }
        let number = || self.field.as_ref().and_then(|_| Version::new(value.get().parse().ok()?));
        time.or_else(number).ok_or_else(|| {
            let or_number = if self.field.is_some() { " nor a whole number" } else { "" };
            format!("the member {name} is neither a time of ISO 8601 with an offset since 1970{or_number}: {WAYS_OUT}")
        })
    }
}

const WAYS_OUT: &str = "name another member with --version-field, write a line # version N before it, or, for documents \
                        where it is absent, give a version with --version";

/// Time that a document's own may be ahead of this machine's, in milliseconds: a day.
const AHEAD: u64 = 24 * 60 * 60 * 1000;

fn latest() -> u64 {
    let now = shared::clock::since_epoch().as_millis();
    u64::try_from(now).unwrap_or(u64::MAX).saturating_add(AHEAD)
}

fn is_some(value: &&RawValue) -> bool {
    value.get() != "null"
}

fn of_time(value: &RawValue) -> Option<Version> {
    Version::of_time(&serde_json::from_str::<String>(value.get()).ok()?)
}

/// Start of a line that gives the version of the document after it. An export writes one where a load would find
/// another version in the document, or none.
pub(in crate::cli) const VERSION_LINE: &str = "# version ";

/// The version that a line gives to the next document; `None` if it is another line. Each comment that begins with the
/// word `version` is such a line: passed over for its spelling, it would leave the document another version.
///
/// # Errors
/// The line is not [`VERSION_LINE`] with a number in range.
pub(super) fn line_of(content: &[u8]) -> Option<Result<Version, String>> {
    let line = String::from_utf8_lossy(content);
    let rest = line.strip_prefix('#')?.trim_start().strip_prefix("version")?;
    let word_ends = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, ':' | '='));
    if !word_ends || is_reason(rest) {
        return None;
    }
    let number = line.strip_prefix(VERSION_LINE).map(|number| number.trim_matches(' '));
    let version = number
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|number| Version::new(number.parse().ok()?));
    Some(version.ok_or_else(|| {
        format!("has no number from 0 to {}; write it as {VERSION_LINE}N, or take it out", Version::MAX)
    }))
}

/// A reason in a file of refused lines, `# FILE, line N: REASON`: a file's name may begin like a version.
fn is_reason(comment: &str) -> bool {
    comment.match_indices(", line ").any(|(at, words)| {
        let rest = comment.get(at + words.len()..).unwrap_or_default();
        let reason = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        reason.len() < rest.len() && reason.starts_with(": ")
    })
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
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":17}"#, None),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":"soon"}"#, None),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":"1970-01-01T00:00:01.000+0000"}"#, Some(1000)),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":"/Date(1711929600000)/"}"#, None),
            (r#"{"modified":"1970-01-01T00:00:02Z","synced":""}"#, None),
            (r#"{"synced":"9999-01-01T00:00:00Z"}"#, None),
            (r#"{"modified":"9999-01-01T00:00:00Z"}"#, None),
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
        assert_eq!(version(&rule, r#"{"synced":"soon"}"#), None);
    }

    #[test]
    fn a_line_gives_the_version_of_the_next_document() {
        for (line, expected) in [
            ("# version 7", Some(Some(7))),
            ("# version 9223372036854775807 ", Some(Some(9_223_372_036_854_775_807))),
            ("# version 9223372036854775808", Some(None)),
            ("# version -1", Some(None)),
            ("# version 1.5", Some(None)),
            ("# version +7", Some(None)),
            ("# version \u{2212}7", Some(None)),
            ("# version abc", Some(None)),
            ("# version", Some(None)),
            ("# version ", Some(None)),
            ("# version\t7", Some(None)),
            ("# version\u{a0}7", Some(None)),
            ("# version: 7", Some(None)),
            ("# version=7", Some(None)),
            ("# version 1 2", Some(None)),
            ("#version 7", Some(None)),
            ("#\t version 7", Some(None)),
            ("# version of March", Some(None)),
            ("# version 5, line 3", Some(None)),
            ("# version 5, line 3: bad", None),
            ("# version: a, line b, line 3: bad", None),
            ("# versions 7", None),
            ("# a version 7", None),
        ] {
            let found = line_of(line.as_bytes()).map(|found| found.ok().map(Version::number));
            assert_eq!(found, expected, "{line}");
        }
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
