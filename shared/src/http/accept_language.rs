//! The language that a client asks for (RFC 9110, section 12.5.4).

/// The language of every message.
pub(super) const DEFAULT: &str = "en-US";

/// The languages that messages are shipped in.
pub(super) const LANGUAGES: [&str; 5] = [DEFAULT, "de", "es", "fr", "ja"];

/// The shipped language that fits an Accept-Language header best, if one does. A range fits a language that it starts
/// with, or that has the range as its primary subtag. Between ranges the larger weight wins, then the earlier one.
pub(super) fn best_match(header: &str) -> Option<&'static str> {
    let mut best: Option<(u16, &'static str)> = None;
    for range in header.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1000), weight);
        let Some(weight) = weight.filter(|weight| *weight > 0) else { continue };
        let primary = tag.split('-').next().unwrap_or_default();
        let Some(language) = LANGUAGES
            .into_iter()
            .find(|language| language.split('-').next().is_some_and(|known| known.eq_ignore_ascii_case(primary)))
        else {
            continue;
        };
        if best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// A weight in thousandths; `None` if it isn't one.
fn weight(text: &str) -> Option<u16> {
    let value: f32 = text.trim().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    (0.0..=1.0).contains(&value).then_some((value * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_shipped_language_wins() {
        assert_eq!(best_match("fr;q=0.5, de-AT;q=0.9, en;q=0.1"), Some("de"));
        assert_eq!(best_match("it, fr-CH;q=0.3"), Some("fr"));
        assert_eq!(best_match("EN-gb"), Some("en-US"));
    }

    #[test]
    fn a_language_that_is_not_shipped_or_not_wanted_does_not_match() {
        for header in ["it", "*", "", "de;q=0", "de;q=9", "de;q=x", ";;;,,,"] {
            assert_eq!(best_match(header), None, "{header}");
        }
    }
}
