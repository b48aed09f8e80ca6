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

/// The id of the example role.
const ROLE: &str = "2c91808c6faadea6016fb4f2bc69077b";

/// The example documents with their ids: index, id, and the document's bytes.
pub fn documents() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    DOCUMENTS.into_iter().map(|(index, line)| {
        let document = line.trim_end();
        (index, id(document), document)
    })
}

/// The example documents under ids that begin with `prefix`, for a test that others must not disturb.
pub fn documents_of(prefix: &str) -> impl Iterator<Item = (&'static str, String, String)> {
    documents().map(move |(index, id, document)| {
        let own = format!("{prefix}-{id}");
        let renamed = renamed(document, &id, &own);
        assert_ne!(renamed, document);
        (index, own, renamed)
    })
}

fn id(document: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(document).unwrap();
    json["id"].as_str().unwrap().to_owned()
}

/// The document with another id.
fn renamed(document: &str, id: &str, other: &str) -> String {
    document.replacen(&format!(r#""id":"{id}""#), &format!(r#""id":"{other}""#), 1)
}

/// Puts the example documents into OpenSearch.
pub async fn put(stack: &Stack) {
    for (index, id, document) in documents() {
        stack.put_document(index, &id, document).await;
    }
}

/// A change of the example role, or of one that is like it.
#[derive(Debug)]
pub struct Change {
    /// The role's id.
    pub id: String,
    /// The role as the change leaves it.
    pub document: String,
}

impl Change {
    /// That of the example role.
    pub fn of_the_example() -> Self {
        Self::of(ROLE)
    }

    /// That of a role with this id.
    pub fn of(id: &str) -> Self {
        let (_, role) = DOCUMENTS.into_iter().find(|(index, _)| *index == "roles").unwrap();
        let changed = role.trim_end().replace(r#""description":"IT role""#, r#""description":"Changed by a message""#);
        assert_ne!(changed, role.trim_end());
        Self { id: id.to_owned(), document: renamed(&changed, ROLE, id) }
    }

    /// The queue's event with it. Its version is the time, so that it is newer than any state the role had before.
    pub fn event(&self) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let version = u64::try_from(since.as_millis()).unwrap();
        let head = json!({ "index": "roles", "operation": "upsert", "id": self.id, "version": version }).to_string();
        queue::event(&[Message::new(format!("{},\"document\":{}}}", head.strip_suffix('}').unwrap(), self.document))])
    }
}

/// A request of a user for each function behind the gateway, in an order in which each succeeds: function, method, path, body.
pub fn requests(user: &str) -> [(&'static str, &'static str, String, &'static str); 6] {
    let secrets = format!("/vault/api/v1/user/{user}/secrets");
    let secret = format!("{secrets}/database");
    let document = format!("/search/roles/{ROLE}");
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
