//! Clients of the search API.

use serde_json::json;

use crate::search::forbidden;
use crate::support::{Server, expect_search_401, search_fault};

use super::{Recording, for_each_client};

for_each_client! {
    (
        sailpoint_python_sdk: "sailpoint-python-sdk-1.4.2.jsonl";
        sailpoint_golang_sdk_2: "sailpoint-golang-sdk-2.7.106.jsonl";
        sailpoint_golang_sdk_3: "sailpoint-golang-sdk-3.0.4.jsonl";
    )
    {
        a_document_comes_back_byte_for_byte;
        a_missing_document_is_answered_with_404_and_the_documented_text;
        a_token_without_the_scope_is_answered_with_403_and_the_documented_text;
        an_invalid_token_is_answered_with_401_and_the_reason;
    }
}

/// A document with unusual spacing and escapes, which only a copy of its bytes preserves.
fn document(recording: &Recording) -> String {
    let (index, id) = (recording.argument("index"), json!(recording.argument("id")));
    format!(r#"{{ "id":{id}, "name" :null,"description":"\u006ff {index} \/ é","synced":"2024-06-01T12:00:00Z"}}"#)
}

async fn a_document_comes_back_byte_for_byte(file: &str) {
    let server = Server::start().await;
    let token = server.token("alice", &["sp:search:read"], &[]);
    let recordings = Recording::read(file);
    for get in &recordings {
        server.store_document(get.argument("index"), get.argument("id"), &document(get)).await;
    }
    for get in &recordings {
        let reply = get.replay(&server, &token).await;
        assert_eq!((reply.status, reply.text()), (200, document(get).as_str()), "{}", get.target);
        assert_eq!(reply.header("content-type"), "application/json");
    }
}

async fn a_missing_document_is_answered_with_404_and_the_documented_text(file: &str) {
    let server = Server::start().await;
    let token = server.token("alice", &["sp:search:read"], &[]);
    let text = "The server did not find a current representation for the target resource.";
    for get in Recording::read(file) {
        let reply = get.replay(&server, &token).await;
        reply.expect_search_error(404, &search_fault("404 Not found", text));
        assert_eq!(reply.header("content-type"), "application/json");
    }
}

async fn a_token_without_the_scope_is_answered_with_403_and_the_documented_text(file: &str) {
    let server = Server::start().await;
    let token = server.token("alice", &["user"], &[]);
    for get in Recording::read(file) {
        let reply = get.replay(&server, &token).await;
        reply.expect_search_error(403, &forbidden());
        assert_eq!(reply.header("content-type"), "application/json");
    }
}

async fn an_invalid_token_is_answered_with_401_and_the_reason(file: &str) {
    let server = Server::start().await;
    for get in Recording::read(file) {
        expect_search_401(&get.replay(&server, "none").await, "JWT is malformed");
    }
}
