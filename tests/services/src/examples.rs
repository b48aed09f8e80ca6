//! The examples of the repository: a document of each type, a request for each function behind the gateway, and a change
//! for the one behind the queue.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::queue::{self, Message};
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

/// The example role as its change leaves it.
pub fn changed_role() -> String {
    let (_, role) = DOCUMENTS.into_iter().find(|(index, _)| *index == "roles").unwrap();
    let changed = role.trim_end().replace(r#""description":"IT role""#, r#""description":"Changed by a message""#);
    assert_ne!(changed, role.trim_end());
    changed
}

/// An event of the queue with a change of the example role. Its version is the time, so that it is newer than any state
/// the role had before.
pub fn change() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let version = u64::try_from(since.as_millis()).unwrap();
    let (id, document) = ("2c91808c6faadea6016fb4f2bc69077b", changed_role());
    let head = json!({ "index": "roles", "operation": "upsert", "id": id, "version": version }).to_string();
    let body = format!("{},\"document\":{document}}}", head.strip_suffix('}').unwrap());
    queue::event(&[Message::new(body)])
}

/// A request of a user for each function behind the gateway, in an order in which each succeeds: function, method, path, body.
pub fn requests(user: &str) -> [(&'static str, &'static str, String, &'static str); 6] {
    let secrets = format!("/vault/api/v1/user/{user}/secrets");
    let secret = format!("{secrets}/database");
    let document = "/search/roles/2c91808c6faadea6016fb4f2bc69077b".to_owned();
    [
        ("create-secret", "POST", secrets.clone(), r#"{"name":"database","data":{"user":"app"}}"#),
        ("list-secrets", "GET", secrets, ""),
        ("get-secret", "GET", secret.clone(), ""),
        ("update-secret", "PUT", secret.clone(), r#"{"data":{"user":"app2"}}"#),
        ("delete-secret", "DELETE", secret, ""),
        ("get-document", "GET", document, ""),
    ]
}

/// The events of these requests, by function.
pub fn events(stack: &Stack, user: &str) -> Vec<(&'static str, String)> {
    requests(user)
        .into_iter()
        .map(|(function, method, path, body)| (function, event(stack, user, method, &path, body)))
        .collect()
}
