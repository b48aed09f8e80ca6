//! The field `_type`, for clients of the published schema rather than of its examples.

use shared::json::names_member;
use shared::names::IndexName;

/// Puts `_type` before the first member of the document, unless it has one; no other byte changes.
pub(crate) fn add(document: String, index: IndexName) -> String {
    let has_type = names_member(document.as_bytes(), "_type");
    let Some((before, rest)) = document.split_once('{').filter(|_| !has_type) else { return document };
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!("{before}{{\"_type\":\"{}\"{comma}{rest}", index.document_type())
}
