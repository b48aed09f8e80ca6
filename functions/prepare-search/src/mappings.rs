//! Settings and mappings of the indices, all from one table: the documented fields.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde_json::{Map, Value, json};
use shared::names::IndexName;
use shared::search::documents::{self, Field, FieldKind};
use shared::search::tombstone::DELETED;

/// Names of the fields that hold a time, which is text in JSON.
const TIMES: [&str; 5] = ["created", "modified", "synced", "date", "passwordLastSet"];

/// A term may have 32,766 bytes, and a character four of them. Longer texts are kept, and not found.
const LONGEST_TERM: u32 = 8_191;
/// Greatest depth of a document. OpenSearch takes no higher one, and refuses documents with deeper arrays at its
/// default of 20.
const DEPTH: u32 = 1_000;

/// Which of its fields an index knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// All documented ones.
    Typed,
    /// Those alone that this system needs. For clusters before 3.6, which would refuse a document that has an object
    /// where a value was announced, or a value where an object was.
    Plain,
}

/// Settings and mappings of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// `{"settings": …, "mappings": …}`.
    pub body: Value,
    /// The first eight hex digits of the SHA-256 over it. Designs with the same fingerprint are the same.
    pub fingerprint: String,
}

impl Design {
    /// Settings and mappings of an index.
    #[must_use]
    pub fn of(index: IndexName, fields: Fields) -> Self {
        let mut mappings = Map::new();
        mappings.insert("dynamic".to_owned(), json!(false));
        if fields == Fields::Typed {
            // Names with dots stay names. A value of another form is then only not found by this field; otherwise the
            // document would be refused.
            mappings.insert("disable_objects".to_owned(), json!(true));
        }
        mappings.insert("properties".to_owned(), properties(index, fields));
        let settings = json!({
            "index.number_of_shards": 1,
            "index.auto_expand_replicas": "0-1",
            "index.mapping.depth.limit": DEPTH,
            "index.mapping.ignore_malformed": true,
        });
        let body = json!({ "settings": settings, "mappings": mappings });
        let fingerprint = digest_of(&canonical(&body));
        Self { body, fingerprint }
    }
}

/// The fingerprint of all six typed designs together: it changes when one of them does.
#[must_use]
pub fn fingerprint() -> String {
    let all: String = IndexName::ALL.map(|index| Design::of(index, Fields::Typed).fingerprint).concat();
    digest_of(&all)
}

fn digest_of(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    hex::encode(digest.as_ref().get(..4).unwrap_or_default())
}

/// JSON with sorted members: their order depends on how the JSON library was built.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let members: Vec<_> = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::String(name.clone()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn properties(index: IndexName, fields: Fields) -> Value {
    let mut properties = Map::new();
    if fields == Fields::Typed {
        add_documented(documents::fields(index), "", &mut properties);
    }
    // An export is sorted by it.
    properties.insert("id".to_owned(), keyword());
    properties.insert(DELETED.to_owned(), json!({ "type": "date", "format": "epoch_millis" }));
    Value::Object(properties)
}

/// Adds the documented fields of an object, by their whole paths.
fn add_documented(fields: &[Field], parent: &str, properties: &mut Map<String, Value>) {
    for field in fields {
        let path = format!("{parent}{}", field.name);
        let property = match field.kind {
            FieldKind::Object(inner) => {
                add_documented(inner, &format!("{path}."), properties);
                continue;
            }
            // The names of its members aren't known.
            FieldKind::Map => continue,
            FieldKind::Boolean => json!({ "type": "boolean" }),
            FieldKind::Integer => json!({ "type": "long" }),
            FieldKind::Text if TIMES.contains(&field.name) => {
                json!({ "type": "date", "format": "strict_date_optional_time||epoch_millis" })
            }
            FieldKind::Text if matches!(field.name, "name" | "displayName" | "description") => {
                json!({ "type": "text", "fields": { "exact": keyword() } })
            }
            FieldKind::Text => keyword(),
        };
        properties.insert(path, property);
    }
}

fn keyword() -> Value {
    json!({ "type": "keyword", "ignore_above": LONGEST_TERM })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property_of(index: IndexName, path: &str) -> Value {
        Design::of(index, Fields::Typed).body["mappings"]["properties"][path].clone()
    }

    /// Document, path, type, and whether null is announced: a row of the contract for each field.
    const FIELDS: &str = include_str!("../../../tests/document-fields.txt");

    #[test]
    fn every_documented_field_that_holds_a_value_has_a_type() {
        let mut counted = 0;
        for index in IndexName::ALL {
            for line in FIELDS.lines() {
                let mut columns = line.split('\t');
                let mut column = || columns.next().unwrap();
                let (document, path, kind) = (column(), column(), column());
                if !document.strip_suffix("Document").unwrap().eq_ignore_ascii_case(index.document_type()) {
                    continue;
                }
                counted += 1;
                let found = property_of(index, &path.replace("[]", ""))["type"].clone();
                let expected = match kind {
                    "object" | "map" => Value::Null,
                    "boolean" => json!("boolean"),
                    "integer" => json!("long"),
                    "date-time" => json!("date"),
                    _ => {
                        assert!(["keyword", "text", "date"].map(Value::from).contains(&found), "{index} {path}");
                        continue;
                    }
                };
                assert_eq!(found, expected, "{index} {path} {kind}");
            }
        }
        assert_eq!(counted, FIELDS.lines().count());
    }

    #[test]
    fn fields_are_found_by_what_they_hold() {
        let kind = |index, path| property_of(index, path)["type"].clone();
        assert_eq!(kind(IndexName::Roles, "owner.id"), "keyword");
        assert_eq!(kind(IndexName::Roles, "id"), "keyword");
        assert_eq!(kind(IndexName::Identities, "accounts.source.name"), "text");
        assert_eq!(property_of(IndexName::Identities, "name")["fields"]["exact"]["type"], "keyword");
        assert_eq!(kind(IndexName::Identities, "synced"), "date");
        assert_eq!(kind(IndexName::Identities, "processingDetails.date"), "date");
        assert_eq!(kind(IndexName::Identities, "accountCount"), "long");
        assert_eq!(kind(IndexName::Entitlements, "manuallyUpdatedFields.DESCRIPTION"), "boolean");
        assert_eq!(kind(IndexName::Identities, "attributes"), Value::Null);
        assert_eq!(kind(IndexName::Events, DELETED), "date");
    }

    #[test]
    fn a_fingerprint_is_that_of_the_design_and_of_nothing_else() {
        let all = IndexName::ALL.map(|index| Design::of(index, Fields::Typed).fingerprint);
        for (index, fingerprint) in IndexName::ALL.into_iter().zip(&all) {
            assert!(fingerprint.len() == 8 && fingerprint.bytes().all(|b| b.is_ascii_hexdigit()), "{fingerprint}");
            assert_eq!(all.iter().filter(|other| *other == fingerprint).count(), 1, "{index}");
            assert_ne!(Design::of(index, Fields::Plain).fingerprint, *fingerprint);
        }
        assert_eq!(
            canonical(&json!({"b": [1, {"d": null, "c": "\""}], "a": true})),
            r#"{"a":true,"b":[1,{"c":"\"","d":null}]}"#
        );
    }

    #[test]
    fn the_plain_design_knows_the_id_and_the_mark_of_a_delete_alone() {
        let body = Design::of(IndexName::Identities, Fields::Plain).body;
        let properties = body["mappings"]["properties"].as_object().unwrap();
        assert_eq!(properties.keys().collect::<Vec<_>>().len(), 2);
        assert!(properties.contains_key("id") && properties.contains_key(DELETED));
        assert!(body["mappings"].get("disable_objects").is_none());
    }
}
