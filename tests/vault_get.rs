//! The vault's contract for `GET …/secrets/{name}`: the form of a secret, and the callers that it is hidden from.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{Server, fault, secret_path, secrets_path, utc};

/// The names of an object's members, sorted.
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_secret_is_answered_with_all_members_and_no_other() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let body = json!({
        "name": "db/main", "data": { "user": "app", "ports": [1, null] },
        "read_roles": [{ "id": "r1" }, { "id": "r0" }], "write_roles": [{ "id": "w1" }],
    });
    alice.create("alice", &body).await;
    let reply = alice.get(&secret_path("alice", "db/main")).await;
    let mut secret = reply.expect_status(200).json();
    assert_eq!(reply.header("content-type"), "application/json");
    let members = secret.as_object_mut().unwrap();
    let (created, updated) = (members.remove("created").unwrap(), members.remove("updated").unwrap());
    assert_eq!(created, updated);
    assert_eq!(
        secret,
        json!({
            "name": "db/main",
            "data": { "user": "app", "ports": [1, null] },
            "read_roles": [
                { "id": "r1", "name": "", "deleted": false },
                { "id": "r0", "name": "", "deleted": false },
            ],
            "write_roles": [{ "id": "w1", "name": "", "deleted": false }],
            "author": "alice",
            "path": "/vault/api/v1/user/alice/secrets/db%2Fmain",
            "updated_by": "alice",
            "owner_id": "alice",
        })
    );
}

#[tokio::test]
async fn data_comes_back_byte_for_byte() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let data = r#"{ "z":1.10, "a" : 123456789012345678901234567890, "\u0061b":"\/" }"#;
    let body = format!(r#"{{"name":"n","data":{data}}}"#);
    alice.post(&secrets_path("alice"), body).await.expect_status(201);
    let reply = alice.get(&secret_path("alice", "n")).await;
    assert!(reply.expect_status(200).text().contains(&format!(r#""data":{data}"#)), "{}", reply.text());
}

#[tokio::test]
async fn times_are_rfc_3339_in_utc_and_tell_when_it_was() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let before = OffsetDateTime::now_utc();
    alice.create("alice", &json!({ "name": "n", "data": {} })).await;
    let after = OffsetDateTime::now_utc();
    let secret = alice.get(&secret_path("alice", "n")).await.expect_status(200).json();
    for member in ["created", "updated"] {
        let text = secret[member].as_str().unwrap();
        let time = utc(&secret[member]);
        // Milliseconds are cut off, not rounded.
        assert!(before - time::Duration::MILLISECOND <= time && time <= after, "{member}: {before} {text} {after}");
        // The Go SDK reads no other form.
        assert_eq!((text.len(), &text[10..11]), ("2000-01-01T00:00:00.000Z".len(), "T"), "{text}");
    }
}

#[tokio::test]
async fn the_path_of_a_secret_leads_back_to_it() {
    let server = Server::start().await;
    let caller = server.user("x@y/z");
    caller.create("x@y/z", &json!({ "name": "ü %+", "data": { "k": 1 } })).await;
    let secret = caller.get(&secret_path("x@y/z", "ü %+")).await.expect_status(200).json();
    assert_eq!(secret["path"], "/vault/api/v1/user/x%40y%2Fz/secrets/%C3%BC%20%25%2B");
    let again = caller.get(secret["path"].as_str().unwrap()).await;
    assert_eq!(again.expect_status(200).json(), secret);
}

#[tokio::test]
async fn reading_changes_nothing() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    let first = alice.get(&secret_path("alice", "n")).await;
    let second = alice.get(&secret_path("alice", "n")).await;
    assert_eq!(first.expect_status(200).without_ids(), second.without_ids());
}

#[tokio::test]
async fn a_holder_of_a_read_role_gets_what_the_owner_gets() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 }, "read_roles": [{ "id": "r" }] })).await;
    let owners = alice.get(&secret_path("alice", "n")).await;
    let readers = server.with("bob", &["user"], &["r"]).get(&secret_path("alice", "n")).await;
    assert_eq!(owners.expect_status(200).without_ids(), readers.without_ids());
}

#[tokio::test]
async fn a_holder_of_only_a_write_role_gets_a_secret_without_the_member_data() {
    let server = Server::start().await;
    let body = json!({ "name": "n", "data": { "k": 1 }, "write_roles": [{ "id": "w" }] });
    server.user("alice").create("alice", &body).await;
    let reply = server.with("bob", &["user"], &["w"]).get(&secret_path("alice", "n")).await;
    let secret = reply.expect_status(200).json();
    assert_eq!(
        keys(&secret),
        ["author", "created", "name", "owner_id", "path", "read_roles", "updated", "updated_by", "write_roles"]
    );
    assert_eq!((&secret["name"], &secret["owner_id"]), (&json!("n"), &json!("alice")));
}

#[tokio::test]
async fn an_admin_gets_what_the_owner_gets() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    let owners = alice.get(&secret_path("alice", "n")).await;
    let admins = server.with("carol", &["admin"], &[]).get(&secret_path("alice", "n")).await;
    assert_eq!(owners.expect_status(200).without_ids(), admins.without_ids());
}

#[tokio::test]
async fn a_secret_that_is_not_for_the_caller_is_answered_like_one_that_does_not_exist() {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    let bob = server.with("bob", &["user"], &["r"]);
    let hidden = bob.get(&secret_path("alice", "n")).await;
    hidden.expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
    assert_eq!(hidden.without_ids(), bob.get(&secret_path("alice", "none")).await.without_ids());
}

#[tokio::test]
async fn names_are_told_apart_byte_for_byte() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "Name", "data": {} })).await;
    for other in ["name", "Name ", "Nam", "Name\u{301}"] {
        let reply = alice.get(&secret_path("alice", other)).await;
        reply.expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
    }
}
