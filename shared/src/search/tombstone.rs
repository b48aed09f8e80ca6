//! Tombstones of deleted documents.
//!
//! OpenSearch forgets the version of a deleted document after `index.gc_deletes`, a minute unless set otherwise, and
//! when a node restarts. From then on a late change would restore the document. So a delete is a write: it puts a
//! tombstone in the document's place, under its version, and the tombstone stays. It can't be taken for a document,
//! because every valid document has a member `id`, and a tombstone has none.

use serde_json::{Value, json};

/// The only member of a tombstone. Its value is the time of the delete, in milliseconds since the epoch, so that old
/// tombstones can be found.
pub const DELETED: &str = "coffer$deleted";

/// Tombstone of a document that is deleted at this time, in milliseconds since the epoch.
#[must_use]
pub fn tombstone(now_ms: u64) -> String {
    format!("{{\"{DELETED}\":{now_ms}}}")
}

/// Query for tombstones. They have no `id`, and documents that were stored before intake refused the member have one.
#[must_use]
pub fn query() -> Value {
    json!({ "bool": { "filter": { "exists": { "field": DELETED } }, "must_not": { "exists": { "field": "id" } } } })
}

/// Tells whether these stored bytes are a tombstone.
#[must_use]
pub fn is_tombstone(stored: &[u8]) -> bool {
    let rest = stored.strip_prefix(b"{\"").and_then(|rest| rest.strip_prefix(DELETED.as_bytes()));
    let time = rest.and_then(|rest| rest.strip_prefix(b"\":")).and_then(|rest| rest.strip_suffix(b"}"));
    time.is_some_and(|time| !time.is_empty() && time.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_again() {
        assert!(is_tombstone(tombstone(0).as_bytes()) && is_tombstone(tombstone(u64::MAX).as_bytes()));
    }

    #[test]
    fn no_document_is_taken_for_a_mark() {
        for document in [
            r#"{"id":"1"}"#,
            r#"{"coffer$deleted":1,"id":"1"}"#,
            r#"{"id":"1","coffer$deleted":1}"#,
            r#"{"coffer$deleted":}"#,
            r#"{"coffer$deleted":"1"}"#,
            r#"{}"#,
        ] {
            assert!(!is_tombstone(document.as_bytes()), "{document}");
        }
    }
}
