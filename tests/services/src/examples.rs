//! The examples of the repository: a document of each type, and a request for each function.

use crate::sandbox::event;
use crate::stack::Stack;

/// The example documents: index, and text.
pub const DOCUMENTS: [(&str, &str); 6] = [
    ("accessprofiles", include_str!("../../../examples/accessprofiles.jsonl")),
    ("accountactivities", include_str!("../../../examples/accountactivities.jsonl")),
    ("entitlements", include_str!("../../../examples/entitlements.jsonl")),
    ("events", include_str!("../../../examples/events.jsonl")),
    ("identities", include_str!("../../../examples/identities.jsonl")),
    ("roles", include_str!("../../../examples/roles.jsonl")),
];

/// The example documents with their ids: index, id, and the document's bytes.
pub fn documents() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    DOCUMENTS.into_iter().map(|(index, line)| {
        let document = line.trim_end();
        let json: serde_json::Value = serde_json::from_str(document).unwrap();
        (index, json["id"].as_str().unwrap().to_owned(), document)
    })
}

/// Puts the example documents into OpenSearch.
pub async fn put(stack: &Stack) {
    for (index, id, document) in documents() {
        stack.put_document(index, &id, document).await;
    }
}

/// A request for each function, in an order in which each succeeds: function, method, path, body.
pub const REQUESTS: [(&str, &str, &str, &str); 6] = [
    ("create-secret", "POST", "/vault/api/v1/user/alice/secrets", r#"{"name":"database","data":{"user":"app"}}"#),
    ("list-secrets", "GET", "/vault/api/v1/user/alice/secrets", ""),
    ("get-secret", "GET", "/vault/api/v1/user/alice/secrets/database", ""),
    ("update-secret", "PUT", "/vault/api/v1/user/alice/secrets/database", r#"{"data":{"user":"app2"}}"#),
    ("delete-secret", "DELETE", "/vault/api/v1/user/alice/secrets/database", ""),
    ("get-document", "GET", "/search/roles/2c91808c6faadea6016fb4f2bc69077b", ""),
];

/// The events of these requests, by function.
pub fn events(stack: &Stack) -> impl Iterator<Item = (&'static str, String)> {
    REQUESTS.into_iter().map(|(function, method, path, body)| (function, event(stack, "alice", method, path, body)))
}
