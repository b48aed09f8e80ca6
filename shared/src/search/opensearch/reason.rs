//! Reasons of OpenSearch's errors, for logs and people: without values of documents.

use serde::Deserialize;
use serde_json::Value;

/// The longest text of a reason, in characters.
const MAX_REASON: usize = 400;

/// Texts that a value follows up to the end.
const BEFORE_VALUES: [&str; 5] = [
    " Preview of field's value",
    " The prefix of the first immense term",
    "For input string:",
    "Unrecognized token",
    "Unexpected character",
];

/// Texts that stand before a name of the mapping in brackets. In all other brackets there may be a value.
const BEFORE_NAMES: [&str; 20] = [
    "parse field [",
    "type [",
    "mapping [",
    "mapping for [",
    "mapping found for [",
    "fielddata=true on [",
    "field name [",
    "field name is [",
    "existing field [",
    "mapper [",
    "for field [",
    "alias [",
    "alias: [",
    "index [",
    "no such index [",
    "pipeline with id [",
    "limit of total fields [",
    "setting [",
    "permissions for [",
    "blocked by: [",
];

/// Error of OpenSearch, with its causes.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorCause {
    /// Its type, such as `mapper_parsing_exception`.
    #[serde(default)]
    pub r#type: String,
    /// Its text. It may hold values of a document: [`ErrorCause::shown`] doesn't.
    #[serde(default)]
    pub reason: Option<String>,
    /// The error that led to it.
    #[serde(default)]
    pub caused_by: Option<Box<ErrorCause>>,
    /// The errors of single shards, of which the error itself is the sum.
    #[serde(default)]
    pub root_cause: Vec<ErrorCause>,
}

impl ErrorCause {
    /// Reads an error. A text is its reason; anything else gives an empty one.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::String(reason) => Self { reason: Some(reason.clone()), ..Self::default() },
            _ => Self::deserialize(value).unwrap_or_default(),
        }
    }

    /// Reads the error of an answer's body. AWS refuses requests with a `Message` or `message` in its place.
    #[must_use]
    pub fn of_body(body: &Value) -> Self {
        let error = ["error", "Message", "message"].iter().find_map(|name| body.get(name));
        error.map(Self::of).unwrap_or_default()
    }

    /// Type and reason, and those of the innermost cause, without values and control characters.
    #[must_use]
    pub fn shown(&self) -> String {
        let innermost = self.innermost();
        if std::ptr::eq(innermost, self) {
            return self.one();
        }
        format!("{}; caused by {}", self.one(), innermost.one())
    }

    /// The cause that has no cause itself. Where none is given, the first error of a shard is.
    #[must_use]
    pub fn innermost(&self) -> &Self {
        let mut cause = self;
        while let Some(inner) = cause.caused_by.as_deref().or_else(|| cause.first_root()) {
            cause = inner;
        }
        cause
    }

    /// The first error of a shard, if it isn't this one once more.
    fn first_root(&self) -> Option<&Self> {
        self.root_cause.first().filter(|root| (&root.r#type, &root.reason) != (&self.r#type, &self.reason))
    }

    fn one(&self) -> String {
        let kind: String = self.r#type.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
        let reason = without_values(self.reason.as_deref().unwrap_or_default());
        let separator = if kind.is_empty() || reason.is_empty() { "" } else { ": " };
        format!("{kind}{separator}{reason}")
    }
}

/// Cuts a reason before the first place that may hold a value of a document: a text that a value follows, a quotation,
/// a number in parentheses, and brackets without a name of the mapping. Text after a value can't be told from it, so
/// that it is cut, too.
fn without_values(reason: &str) -> String {
    let mut end = BEFORE_VALUES.iter().filter_map(|text| reason.find(text)).min().unwrap_or(reason.len());
    let mut cut = false;
    let mut before = ' ';
    for (at, c) in reason.char_indices() {
        if at >= end {
            break;
        }
        let rest = reason.get(at + c.len_utf8()..).unwrap_or_default();
        let value = match c {
            '"' | '`' => true,
            // Not an apostrophe.
            '\'' => !before.is_alphanumeric(),
            '(' => rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | '\'' | '"')),
            '[' => {
                let known = reason.get(..=at).unwrap_or_default();
                // The date in `parse date field [2020]` is a value.
                !BEFORE_NAMES.iter().any(|text| ends_with_ignoring_case(known, text))
            }
            _ => false,
        };
        if value {
            end = at;
            cut = true;
            break;
        }
        before = c;
    }
    let kept = reason.get(..end).unwrap_or_default();
    let mut shown: String = kept.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
    if cut {
        shown.push('…');
    }
    shown
}

fn ends_with_ignoring_case(text: &str, end: &str) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_document_is_in_a_reason() {
        for (reason, shown) in [
            ("failed to parse field [d]. Preview of field's value: 'canary'", "failed to parse field [d]."),
            (
                "failed to parse field [d] of type [date] in document with id 'canary'. Preview of field's value: 'x'",
                "failed to parse field [d] of type [date] in document with id …",
            ),
            ("failed to parse date field [canary] with format [strict_date]", "failed to parse date field …"),
            ("For input string: \"canary\"", ""),
            ("'canary' is not an IP string literal.", "…"),
            ("Failed to parse value [canary] as only [true] or [false] are allowed.", "Failed to parse value …"),
            ("Text 'canary' could not be parsed at index 0", "Text …"),
            ("Numeric value (4711) out of range of int (-2147483648 - 2147483647)", "Numeric value …"),
            ("Current token (VALUE_STRING) not of boolean type", "Current token (VALUE_STRING) not of boolean type"),
            ("Unrecognized token 'canary': was expecting", ""),
            ("[double] supports only finite values, but got [canary]", "…"),
            (
                "Document contains at least one immense term in field=\"canary\" (whose UTF8 encoding is longer)",
                "Document contains at least one immense term in field=…",
            ),
            ("closed", "closed"),
            ("Can't get text on a START_OBJECT", "Can't get text on a START_OBJECT"),
            (
                "object mapping for [a] tried to parse field [a] as object, but found a concrete value",
                "object mapping for [a] tried to parse field [a] as object, but found a concrete value",
            ),
        ] {
            assert_eq!(without_values(reason), shown, "{reason}");
        }
    }

    #[test]
    fn the_innermost_cause_is_shown() {
        let error = r#"{"type":"mapper_parsing_exception","reason":"failed to parse field [d] of type [date]","caused_by":
            {"type":"illegal_argument_exception","reason":"failed to parse date field [canary]","caused_by":
            {"type":"date_time_parse_exception","reason":"Failed to parse with all\u0000 enclosed parsers"}}}"#;
        let error: ErrorCause = serde_json::from_str(error).unwrap();
        assert_eq!(
            error.shown(),
            "mapper_parsing_exception: failed to parse field [d] of type [date]; caused by date_time_parse_exception: \
             Failed to parse with all enclosed parsers"
        );
    }

    #[test]
    fn the_error_of_a_shard_is_shown_where_no_cause_is_given() {
        let error = r#"{"type":"search_phase_execution_exception","reason":"all shards failed","root_cause":[
            {"type":"query_shard_exception","reason":"No mapping found for [id] in order to sort on"}]}"#;
        let error: ErrorCause = serde_json::from_str(error).unwrap();
        assert_eq!(
            error.shown(),
            "search_phase_execution_exception: all shards failed; caused by query_shard_exception: No mapping found \
             for [id] in order to sort on"
        );
        // Most errors have themselves for a root.
        let error = r#"{"type":"a","reason":"b","root_cause":[{"type":"a","reason":"b"}]}"#;
        assert_eq!(serde_json::from_str::<ErrorCause>(error).unwrap().shown(), "a: b");
    }

    #[test]
    fn an_error_that_is_a_text_is_shown() {
        for (body, shown) in [
            (r#"{"error":"closed for \"canary\"","status":403}"#, "closed for …"),
            (r#"{"Message":"not authorized to perform: es:ESHttpPut"}"#, "not authorized to perform: es:ESHttpPut"),
            (r#"{"message":"Forbidden"}"#, "Forbidden"),
            (r#"{"error":{"type":"a"}}"#, "a"),
            (r#"{"error":{"reason":"b"},"message":"c"}"#, "b"),
            (r#"{"error":7}"#, ""),
            ("[]", ""),
            ("null", ""),
        ] {
            assert_eq!(ErrorCause::of_body(&serde_json::from_str(body).unwrap()).shown(), shown, "{body}");
        }
    }

    #[test]
    fn a_reason_has_an_end() {
        assert_eq!(without_values(&"x".repeat(9_000)).len(), MAX_REASON);
    }
}
