//! The vault's contract for `DELETE …/secrets/{name}`.

use serde_json::json;

use crate::support::{Server, fault, fault_at, secret_path, secrets_path};

const NOT_FOUND: (&str, &str) = ("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)");

/// A server on which alice has a secret `n`.
async fn with_secret() -> Server {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    server
}

fn path() -> String {
    secret_path("alice", "n")
}

#[tokio::test]
async fn a_delete_is_answered_with_200_and_nothing() {
    let server = with_secret().await;
    let reply = server.user("alice").delete(&path()).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    assert!(!reply.headers.contains_key("content-type"), "{reply:?}");
}

#[tokio::test]
async fn a_secret_that_was_deleted_is_not_found_by_any_operation() {
    let server = with_secret().await;
    let alice = server.user("alice");
    alice.delete(&path()).await.expect_status(200);
    let not_found = fault(NOT_FOUND.0, NOT_FOUND.1);
    alice.get(&path()).await.expect(404, &not_found);
    alice.put(&path(), "{}").await.expect(404, &not_found);
    alice.delete(&path()).await.expect(404, &not_found);
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

#[tokio::test]
async fn a_delete_of_what_was_never_there_is_not_found() {
    let server = Server::start().await;
    server.user("alice").delete(&path()).await.expect(404, &fault(NOT_FOUND.0, NOT_FOUND.1));
}

#[tokio::test]
async fn a_delete_leaves_all_other_secrets() {
    let server = with_secret().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n2", "data": {} })).await;
    server.user("bob").create("bob", &json!({ "name": "n", "data": {} })).await;
    alice.delete(&path()).await.expect_status(200);
    alice.get(&secret_path("alice", "n2")).await.expect_status(200);
    server.user("bob").get(&secret_path("bob", "n")).await.expect_status(200);
    assert_eq!(alice.get(&secrets_path("alice")).await.expect_status(200).json()["count"], 1);
}

#[tokio::test]
async fn the_owner_needs_just_any_scope_of_the_vault_to_delete() {
    let server = with_secret().await;
    server.with("alice", &["sp:search:read"], &[]).delete(&path()).await.expect_status(403);
    assert_eq!(server.with("alice", &["vaultAdd"], &[]).delete(&path()).await.expect_status(200).text(), "");
    server.user("alice").get(&path()).await.expect(404, &fault(NOT_FOUND.0, NOT_FOUND.1));
}

#[tokio::test]
async fn somebody_else_may_not_delete_whether_there_is_a_secret_or_not() {
    let server = with_secret().await;
    let bob = server.user("bob");
    for name in ["n", "none"] {
        let reply = bob.delete(&secret_path("alice", name)).await;
        reply.expect(403, &fault("PERMISSION_DENIED", "Permission denied"));
    }
    server.user("alice").get(&path()).await.expect_status(200);
}

#[tokio::test]
async fn a_delete_with_a_body_and_a_content_type_is_made() {
    let server = with_secret().await;
    let alice = server.user("alice").header("content-type", "application/json");
    let reply = alice.send("DELETE", &path(), "not looked at").await;
    assert_eq!(reply.expect_status(200).text(), "");
}

// Conditions.

#[tokio::test]
async fn a_delete_of_the_state_that_was_read_is_made() {
    let server = with_secret().await;
    let alice = server.user("alice");
    let tag = alice.get(&path()).await.header("etag").to_owned();
    let reply = alice.clone().header("if-match", &tag).delete(&path()).await;
    assert_eq!(reply.expect_status(200).text(), "");
    alice.get(&path()).await.expect(404, &fault(NOT_FOUND.0, NOT_FOUND.1));
}

#[tokio::test]
async fn a_delete_of_any_state_is_made() {
    let server = with_secret().await;
    let reply = server.user("alice").header("if-match", "*").delete(&path()).await;
    assert_eq!(reply.expect_status(200).text(), "");
}

#[tokio::test]
async fn a_delete_of_a_state_that_has_moved_on_is_refused_and_deletes_nothing() {
    let server = with_secret().await;
    let alice = server.user("alice");
    let old = alice.get(&path()).await.header("etag").to_owned();
    alice.put(&path(), r#"{"data":{"k":2}}"#).await.expect_status(200);
    let moved_on = fault_at("INVALID_REQUEST_DATA", "If-Match", "The secret has changed since; read it again");
    alice.clone().header("if-match", &old).delete(&path()).await.expect(412, &moved_on);
    assert_eq!(alice.get(&path()).await.expect_status(200).json()["data"], json!({ "k": 2 }));
}

#[tokio::test]
async fn the_tag_of_a_secret_that_was_deleted_does_not_delete_its_successor() {
    let server = with_secret().await;
    let alice = server.user("alice");
    let old = alice.get(&path()).await.header("etag").to_owned();
    alice.delete(&path()).await.expect_status(200);
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    let moved_on = fault_at("INVALID_REQUEST_DATA", "If-Match", "The secret has changed since; read it again");
    alice.clone().header("if-match", &old).delete(&path()).await.expect(412, &moved_on);
    alice.get(&path()).await.expect_status(200);
}

#[tokio::test]
async fn a_condition_on_a_secret_that_is_not_there_is_not_found() {
    let server = Server::start().await;
    for condition in ["*", "\"1-00000000000000000000000000000000\"", "\"x\""] {
        let reply = server.user("alice").header("if-match", condition).delete(&path()).await;
        reply.expect(404, &fault(NOT_FOUND.0, NOT_FOUND.1));
    }
}

#[tokio::test]
async fn a_condition_that_is_no_list_of_tags_is_refused() {
    let server = with_secret().await;
    let message = "If-Match must be * or a list of at most 10 entity tags, each in double quotes";
    let reply = server.user("alice").header("if-match", "abc").delete(&path()).await;
    reply.expect(400, &fault_at("VALUE_INCORRECT_FORMAT", "If-Match", message));
    server.user("alice").get(&path()).await.expect_status(200);
}
