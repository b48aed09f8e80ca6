//! Pattern of an answer: JSON in which `…` stands for any text.

use devstack::sandbox::Answer;
use serde_json::Value;

/// A status, some headers, and a body.
#[derive(Debug)]
pub struct Pattern {
    pub status: u64,
    /// Some of the headers; null for one that must not be there.
    pub headers: Vec<(String, Value)>,
    /// The body: text for a body that is not JSON or counts byte for byte, any other value for JSON. Not looked at if
    /// absent.
    pub body: Option<Value>,
}

impl Pattern {
    /// Names the difference of an answer.
    pub fn hold(&self, answer: &Answer) -> Result<(), String> {
        if answer.status != self.status {
            return Err(format!("status {} rather than {}", answer.status, self.status));
        }
        for (name, expected) in &self.headers {
            let found = answer.headers.get(name).map_or(Value::Null, |value| Value::from(value.as_str()));
            fits(expected, &found, name)?;
        }
        match &self.body {
            None => Ok(()),
            Some(Value::String(text)) if *text == answer.body => Ok(()),
            Some(Value::String(text)) => Err(format!("body {:?} rather than {text:?}", answer.body)),
            Some(expected) => {
                let found = serde_json::from_str(&answer.body).map_err(|error| format!("body: {error}"))?;
                fits(expected, &found, "body")
            }
        }
    }
}

/// Tells whether a value is the expected one, member by member; the error names the first place where it isn't.
fn fits(expected: &Value, found: &Value, place: &str) -> Result<(), String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            if let Some(name) = found.keys().find(|name| !expected.contains_key(*name)) {
                return Err(format!("{place}.{name} is there"));
            }
            expected.iter().try_for_each(|(name, value)| {
                let place = format!("{place}.{name}");
                fits(value, found.get(name).ok_or_else(|| format!("{place} is missing"))?, &place)
            })
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.try_for_each(|(i, (expected, found))| fits(expected, found, &format!("{place}[{i}]")))
        }
        (Value::String(pattern), Value::String(text)) if text_fits(pattern, text) => Ok(()),
        _ if expected == found => Ok(()),
        _ => Err(format!("{place} is {found} rather than {expected}")),
    }
}

/// Tells whether a text is the expected one, in which each `…` stands for at least one character.
fn text_fits(pattern: &str, text: &str) -> bool {
    let Some((start, others)) = pattern.split_once('…') else { return pattern == text };
    let Some(rest) = text.strip_prefix(start) else { return false };
    // If the text after it stands more than once, any of the places may be the right one.
    let places = rest.char_indices().skip(1).map(|(i, _)| i).chain([rest.len()]);
    !rest.is_empty() && places.into_iter().any(|i| text_fits(others, &rest[i..]))
}
