//! Durations on the command line: a number and a unit, as in `90s`, `30m`, `1h` and `2d`.

use std::time::Duration;

/// The longest lifetime, in days.
const MAX_DAYS: u64 = 366;

/// Reads a duration of whole seconds: one or more numbers, each with its unit.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_secs(MAX_DAYS * 24 * 60 * 60);
    let right = format!("a duration such as 90s, 30m, 1h or 2d, from 1s to {MAX_DAYS}d");
    let duration = humantime::parse_duration(text).map_err(|_| right.clone())?;
    let accepted = (Duration::from_secs(1)..=longest).contains(&duration) && duration.subsec_nanos() == 0;
    if accepted { Ok(duration) } else { Err(right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_numbers_with_their_units() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1800),
            ("1h", 3600),
            ("2d", 172_800),
            ("1h 30m", 5_400),
            ("1w", 604_800),
            ("1.5h", 5_400),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "h", "1", "0s", "-1h", "1x", "1ms", "0.5s", "367d", "99999999999999999999d", "1ü"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
