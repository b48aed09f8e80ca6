//! Limits of OpenSearch's JSON parser, checked before a document is stored anywhere. An embedded store would keep a
//! document that OpenSearch refuses, and its export would not load.
//!
//! The limits are those of OpenSearch 3.8. 2.19 allows a level more, longer names and broken pairs in them.

use std::borrow::Cow;

/// The most arrays and objects inside each other, the document included.
const MAX_DEPTH: usize = 1000;
/// The most digits of a number: those before the point, of the fraction and of the exponent together.
const MAX_DIGITS: usize = 1000;
/// The longest name of a member, in bytes of UTF-8 after its escapes are resolved.
const MAX_NAME_BYTES: usize = 50_000;
/// Names of an object that are compared pair by pair. More are sorted.
const FEW: usize = 8;

/// An array or object that has begun.
enum Open {
    Array,
    /// The place of its first name among all that are held.
    Object(usize),
}

/// Checks a document that is valid JSON.
///
/// # Errors
/// The limit that OpenSearch would refuse. It quotes nothing of the document.
pub(super) fn check(document: &str) -> Result<(), String> {
    let bytes = document.as_bytes();
    let mut open = Vec::new();
    let mut names: Vec<Cow<'_, str>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => open.push(Open::Object(names.len())),
            b'[' => open.push(Open::Array),
            b'}' | b']' => {
                if let Some(Open::Object(first)) = open.pop() {
                    if has_equal(names.get_mut(first..).unwrap_or_default()) {
                        return Err(format!("an object that ends at byte {} names a member twice", at + 1));
                    }
                    names.truncate(first);
                }
            }
            b'"' => {
                let end = string_end(bytes, at);
                // In valid JSON a colon follows names alone.
                if followed_by_colon(bytes, end) {
                    names.push(name(document.get(at..end).unwrap_or_default(), at)?);
                }
                at = end;
                continue;
            }
            b'-' | b'0'..=b'9' => {
                let number = bytes.get(at..).unwrap_or_default();
                let length = number.iter().take_while(|byte| is_of_number(**byte)).count();
                let digits = number.iter().take(length).filter(|byte| byte.is_ascii_digit()).count();
                if digits > MAX_DIGITS {
                    return Err(format!("a number at byte {} has {digits} digits, more than {MAX_DIGITS}", at + 1));
                }
                at += length;
                continue;
            }
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return Err(format!("arrays and objects are more than {MAX_DEPTH} deep at byte {}", at + 1));
        }
        at += 1;
    }
    Ok(())
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// The place after the quotation mark that ends the string which begins here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') => return at + 1,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

fn followed_by_colon(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// The name that a string with its quotation marks stands for.
fn name(quoted: &str, at: usize) -> Result<Cow<'_, str>, String> {
    let name = if quoted.contains('\\') {
        serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|_| format!("a member's name at byte {} has half of a surrogate pair", at + 1))?
    } else {
        Cow::Borrowed(quoted.trim_matches('"'))
    };
    if name.len() > MAX_NAME_BYTES {
        return Err(format!("a member's name at byte {} has more than {MAX_NAME_BYTES} bytes", at + 1));
    }
    Ok(name)
}

fn has_equal(names: &mut [Cow<'_, str>]) -> bool {
    if names.len() <= FEW {
        return names.iter().enumerate().any(|(number, name)| names.iter().take(number).any(|other| other == name));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(document: &str, words: Option<&str>) {
        let start: String = document.chars().take(60).collect();
        let reason = check(document).err();
        let fits = reason.as_deref().zip(words).is_some_and(|(reason, words)| reason.contains(words));
        assert!(fits || (reason.is_none() && words.is_none()), "{start}: {reason:?}");
        assert!(!reason.unwrap_or_default().contains("canary"), "{start}");
    }

    #[test]
    fn an_object_names_each_member_once_at_any_depth_and_in_any_spelling() {
        let twice = Some("names a member twice");
        for document in [
            r#"{"o":{"canary":1,"canary":2}}"#,
            r#"{"o":[[{"a":1 , "a" : 2}]]}"#,
            r#"{"o":{"b":1,"\u0062":2}}"#,
            r#"{"o":{"\ud83d\ude00":1,"😀":2}}"#,
            r#"{"o":{"":1,"":2}}"#,
            r#"{"a":{"x":{"y":1}},"b":1,"a":2}"#,
            r#"{"o":{"\"":1,"\u0022":2}}"#,
        ] {
            expect(document, twice);
        }
        let many = |last: &str| {
            let names: String = (0..100).map(|number| format!("\"k{number}\":{{\"a\":1}},")).collect();
            format!("{{\"o\":{{{names}\"{last}\":1}}}}")
        };
        expect(&many("k100"), None);
        expect(&many("k7"), twice);
        for document in [
            r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#,
            r#"{"a":1,"A":2,"a.":3,"é":4,"e\u0301":5}"#,
            r#"{"a":"a\":","b":"\"a\":\\","c":["a","a"],"d":"\\"}"#,
            "{}",
        ] {
            expect(document, None);
        }
    }

    #[test]
    fn arrays_and_objects_are_at_most_a_thousand_deep() {
        let arrays = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{{\"a\":{}1{}}}", "{\"o\":".repeat(depth), "}".repeat(depth));
        for (allowed, refused) in [(arrays(999), arrays(1000)), (objects(999), objects(1000))] {
            expect(&allowed, None);
            expect(&refused, Some("more than 1000 deep"));
        }
        expect(&format!("{{\"a\":[{}]}}", ["[]"; 5000].join(",")), None);
        expect(&format!("{{\"a\":\"{}\"}}", "[".repeat(5000)), None);
    }

    #[test]
    fn a_number_has_at_most_a_thousand_digits() {
        let digits = |count: usize| "1".repeat(count);
        for (allowed, refused) in [
            (digits(1000), digits(1001)),
            (format!("-{}", digits(1000)), format!("-{}", digits(1001))),
            (format!("-0.{}", digits(999)), format!("-0.{}", digits(1000))),
            (format!("1e+{}", digits(999)), format!("1e+{}", digits(1000))),
            (format!("1.{}E-5", digits(998)), format!("1.{}E-5", digits(999))),
        ] {
            expect(&format!("{{\"a\":[{allowed},{allowed}]}}"), None);
            expect(&format!("{{\"a\":[{{\"n\": {refused} }}]}}"), Some("1001 digits"));
        }
        expect(&format!("{{\"a\":\"{}\"}}", digits(5000)), None);
    }

    #[test]
    fn a_name_has_at_most_50_000_bytes_and_whole_pairs() {
        for (allowed, refused) in [
            ("a".repeat(50_000), "a".repeat(50_001)),
            ("ü".repeat(25_000), "ü".repeat(25_001)),
            ("\\u0061".repeat(50_000), "\\u0061".repeat(50_001)),
            ("\\ud83d\\ude00".repeat(12_500), "\\ud83d\\ude00".repeat(12_501)),
        ] {
            expect(&format!("{{\"o\":{{\"{allowed}\":1}}}}"), None);
            expect(&format!("{{\"o\":{{\"{refused}\":1}}}}"), Some("more than 50000 bytes"));
        }
        for name in ["\\ud800", "\\udc00", "\\ude00\\ud83d", "\\ud800a", "\\ud800\\n"] {
            expect(&format!("{{\"o\":{{\"{name}\":1}}}}"), Some("half of a surrogate pair"));
            // OpenSearch takes them in values.
            expect(&format!("{{\"o\":\"{name}\"}}"), None);
        }
    }
}
