//! How long a token holds: a number and a unit, as in `90s`, `30m`, `1h` and `2d`.

use std::time::Duration;

/// The longest lifetime, in days.
const MAX_DAYS: u64 = 366;

/// Reads a lifetime.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let right = format!("a number and one of s, m, h and d, such as 1h; at most {MAX_DAYS}d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(|| right.clone())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(right),
    };
    let number: u64 = number.parse().map_err(|_| right.clone())?;
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=MAX_DAYS * 24 * 60 * 60).contains(seconds));
    seconds.map(Duration::from_secs).ok_or(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_seconds_minutes_hours_and_days() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "h", "1", "0s", "-1h", "1w", "1.5h", "367d", "99999999999999999999d", "1ü"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
