//! Rules of both contracts for bodies: errors and times.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An error of the vault that is about no property.
pub fn fault(code: &str, message: &str) -> Value {
    json!({ "error_code": code, "error_message": message })
}

/// An error of the vault that is about one property, and was found before or beside a body.
pub fn fault_at(code: &str, property: &str, message: &str) -> Value {
    json!({ "error_code": code, "error_message": message, "property": property })
}

/// All that is wrong with a body sent to the vault, each as code, property and message: the first in the error itself,
/// each in its details.
pub fn body_faults(faults: &[(&str, &str, &str)]) -> Value {
    let details: Vec<_> = faults.iter().map(|(code, property, message)| fault_at(code, property, message)).collect();
    let mut body = details[0].clone();
    body["details"] = json!(details);
    body
}

/// An error of the search API without its tracking id, in the default language.
pub fn search_fault(detail_code: &str, text: &str) -> Value {
    json!({
        "detailCode": detail_code,
        "messages": [{ "locale": "en-US", "localeOrigin": "DEFAULT", "text": text }],
    })
}

/// A time of an answer. It must be RFC 3339 in UTC with `Z`: some readers take nothing else.
#[track_caller]
pub fn utc(value: &Value) -> OffsetDateTime {
    let text = value.as_str().expect("a time is a string");
    assert!(text.ends_with('Z'), "{text}");
    OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|error| panic!("{error}: {text}"))
}
