//! Versions of documents: of two states of a document the one with the higher version is newer.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::{Iso8601, Rfc3339};

/// The version of a document's state, given by its producer: a whole number from 0 to 2⁶³ − 1, as OpenSearch takes for
/// an external version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The highest one.
    pub const MAX: Self = Self(u64::MAX >> 1);

    /// This number as a version; `None` beyond [`Version::MAX`].
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (number <= Self::MAX.0).then_some(Self(number))
    }

    /// The version of a state of this time: milliseconds since 1970. `None` if it is no time of RFC 3339 or ISO 8601
    /// with an offset since then.
    #[must_use]
    pub fn of_time(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| OffsetDateTime::parse(text, &Iso8601::PARSING))
            .or_else(|_| OffsetDateTime::parse(&with_colon(text), &Iso8601::PARSING))
            .ok()?;
        Self::new(u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()?)
    }

    /// The least version that is a time in milliseconds: of March 1973. Lower ones are counts.
    pub const LEAST_TIME: Self = Self(100_000_000_000);

    /// Tells whether one of these is a count and the other a time, so that to compare them says nothing. 0 is a count:
    /// queues may begin there.
    #[must_use]
    pub fn is_unlike(self, other: Self) -> bool {
        (self < Self::LEAST_TIME) != (other < Self::LEAST_TIME)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A time with an offset such as `+0100` or `+01`, with the colon of an extended time of day.
fn with_colon(text: &str) -> String {
    let Some(at) = text.rfind(['+', '-']).filter(|at| text.get(..*at).is_some_and(|time| time.contains(':'))) else {
        return text.to_owned();
    };
    let (time, offset) = text.split_at(at);
    match offset.len() {
        3 => format!("{text}:00"),
        5 => format!("{time}{}:{}", offset.get(..3).unwrap_or_default(), offset.get(3..).unwrap_or_default()),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_version_with_and_without_milliseconds_and_in_any_zone() {
        for (text, number) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2018-06-25T20:22:28.104Z", 1_529_958_148_104),
            ("2018-06-25T20:22:28Z", 1_529_958_148_000),
            ("2018-06-25T22:22:28.1049+02:00", 1_529_958_148_104),
            ("2018-06-25T20:22:28.104+0000", 1_529_958_148_104),
            ("2018-06-25T22:22:28.104+02", 1_529_958_148_104),
            ("2018-06-25T20:22:28,104Z", 1_529_958_148_104),
            ("20180625T202228Z", 1_529_958_148_000),
            ("20180625T222228+0200", 1_529_958_148_000),
            ("2018-06-25T20:22Z", 1_529_958_120_000),
        ] {
            assert_eq!(Version::of_time(text).map(Version::number), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_since_1970_is_no_version() {
        for text in [
            "",
            "yesterday",
            "2018-06-25",
            "1969-12-31T23:59:59Z",
            "2018-13-01T00:00:00Z",
            "/Date(1529958148104)/",
            "2018-06-25T20:22:28",
            "+0000",
            "é+00",
        ] {
            assert_eq!(Version::of_time(text), None, "{text}");
        }
    }

    #[test]
    fn zero_is_a_count() {
        let unlike = |one, other| Version::new(one).unwrap().is_unlike(Version::new(other).unwrap());
        assert!(unlike(0, 1_529_958_148_104) && unlike(1_529_958_148_104, 0));
        assert!(unlike(99_999_999_999, 100_000_000_000));
        assert!(!unlike(0, 0) && !unlike(0, 99_999_999_999) && !unlike(100_000_000_000, 1_529_958_148_104));
    }

    #[test]
    fn a_number_of_more_than_63_bits_is_no_version() {
        assert!(Version::new(u64::MAX >> 1).is_some());
        assert!(Version::new((u64::MAX >> 1) + 1).is_none());
    }
}
