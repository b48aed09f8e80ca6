//! The big list of naughty strings as names, ids, data and header values: each is answered, never with a status of the
//! 500s, and accepted ones come back unchanged.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use http::HeaderValue;
use serde_json::json;

use crate::support::{Client, Server, encode, secret_path, secrets_path};

const STRINGS: &str = include_str!("vectors/naughty-strings/blns.json");

/// Strings that are tried at once.
const AT_ONCE: usize = 8;

/// Requests with one string, and those of them that were accepted.
#[derive(Default)]
struct Figures {
    requests: usize,
    accepted: usize,
}

impl Figures {
    /// Counts an answer, which must be of one of these statuses.
    #[track_caller]
    fn count(&mut self, text: &str, status: u16, expected: &[u16]) {
        assert!(expected.contains(&status), "{text:?}: {status}, expected one of {expected:?}");
        self.requests += 1;
        self.accepted += usize::from(status < 300);
    }
}

/// Sends every string in `AT_ONCE` lanes and prints the sums.
#[expect(clippy::print_stdout, reason = "the figures are for who reads the test's output")]
async fn for_each<F: Future<Output = Figures>>(what: &str, send: impl Fn(String) -> F) -> (usize, usize) {
    let strings: Vec<String> = serde_json::from_str(STRINGS).unwrap();
    assert_eq!(strings.len(), 515);
    // Some are there twice.
    let strings = BTreeSet::from_iter(strings);
    let figures = stream::iter(strings).map(send).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let sum = |part: fn(&Figures) -> usize| figures.iter().map(part).sum::<usize>();
    let (requests, accepted) = (sum(|of| of.requests), sum(|of| of.accepted));
    println!("naughty strings as {what}: {requests} requests, {accepted} accepted, {} refused", requests - accepted);
    (requests, accepted)
}

/// Creates, reads, changes and deletes a secret of this name.
async fn as_name(alice: &Client, text: String) -> Figures {
    let mut figures = Figures::default();
    let body = json!({ "name": text, "data": { "text": text } });
    let created = alice.post(&secrets_path("alice"), body.to_string()).await;
    figures.count(&text, created.status, &[201, 400]);
    let path = secret_path("alice", &text);
    let accepted = created.status == 201;
    // An empty name is the path of the list.
    let missing: &[u16] = &[400, 404, 405];
    let expected = if accepted { &[200] } else { missing };
    if !text.is_empty() {
        let read = alice.get(&path).await;
        figures.count(&text, read.status, expected);
        if accepted {
            let read = read.json();
            assert_eq!((&read["name"], &read["data"]), (&json!(text), &json!({ "text": text })));
        }
    }
    let changed = alice.put(&path, json!({ "data": { (text.clone()): text } }).to_string()).await;
    figures.count(&text, changed.status, expected);
    figures.count(&text, alice.delete(&path).await.status, expected);
    figures
}

#[tokio::test]
async fn naughty_strings_as_names_are_refused_or_come_back_as_they_were() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let (_, accepted) = for_each("names", |text| as_name(&alice, text)).await;
    // Refused are ten: empty, a dot, above 512 bytes, or with control characters.
    assert_eq!(accepted, 4 * 501);
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

#[tokio::test]
async fn naughty_strings_as_data_come_back_as_they_were() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "db", "data": {} })).await;
    let strings: Vec<String> = serde_json::from_str(STRINGS).unwrap();
    let data = json!({ "strings": strings });
    alice.put(&secret_path("alice", "db"), json!({ "data": data }).to_string()).await.expect_status(200);
    assert_eq!(alice.get(&secret_path("alice", "db")).await.json()["data"], data);
}

/// Asks for other people's secrets, and for documents.
#[tokio::test]
async fn naughty_strings_as_ids_are_refused() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let (_, accepted) = for_each("ids", |text| {
        let alice = alice.clone();
        async move {
            let mut figures = Figures::default();
            let id = encode(&text);
            let refused = &[400, 403, 404, 405];
            figures.count(&text, alice.get(&secrets_path(&text)).await.status, refused);
            figures.count(&text, alice.get(&secret_path(&text, "db")).await.status, refused);
            figures.count(&text, alice.get(&format!("/search/identities/{id}")).await.status, refused);
            figures.count(&text, alice.get(&format!("/search/{id}/one")).await.status, refused);
            let role = json!({ "name": "db", "data": {}, "read_roles": [{ "id": text }], "owner_id": "bob" });
            figures.count(&text, alice.post(&secrets_path("alice"), role.to_string()).await.status, refused);
            let query = format!("{}?offset={id}&limit={id}", secrets_path("alice"));
            // The list has numbers among them.
            figures.count(&text, alice.get(&query).await.status, &[200, 400]);
            figures
        }
    })
    .await;
    assert!(accepted < 20, "{accepted}");
}

#[tokio::test]
async fn naughty_strings_as_headers_are_refused_or_ignored() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "db", "data": {} })).await;
    let path = secret_path("alice", "db");
    let (requests, _) = for_each("headers", |text| {
        let (server, alice, path) = (&server, alice.clone(), path.clone());
        async move {
            let mut figures = Figures::default();
            // A line break is no part of a header.
            if HeaderValue::from_bytes(text.as_bytes()).is_err() {
                return figures;
            }
            let bearer = server.anonymous().header("authorization", &format!("Bearer {text}"));
            figures.count(&text, bearer.get(&path).await.status, &[400, 401]);
            let whole = server.anonymous().header("authorization", &text);
            figures.count(&text, whole.get(&path).await.status, &[400, 401]);
            let condition = alice.clone().header("if-match", &text);
            figures.count(&text, condition.put(&path, "{}").await.status, &[200, 400, 412]);
            let others = ["accept-language", "x-request-id", "user-agent", "content-type", "cookie"];
            let others = others.iter().fold(alice, |client, name| client.header(*name, &text));
            figures.count(&text, others.get(&path).await.status, &[200, 400]);
            figures.count(&text, others.get("/search/identities/none").await.status, &[400, 404]);
            figures
        }
    })
    .await;
    assert!(requests > 2_000, "{requests}");
}
