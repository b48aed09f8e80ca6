//! The vault's contract, row by row.

use serde_json::json;

use crate::support::{Server, secret_path, secrets_path};

#[tokio::test]
async fn a_created_secret_is_named_and_located() {
    let server = Server::start().await;
    let reply = server.user("alice").post(&secrets_path("alice"), r#"{"name":"a/b c","data":{"k":1}}"#).await;
    reply.expect(201, &json!({ "name": "a/b c" }));
    assert_eq!(reply.header("location"), "/vault/api/v1/user/alice/secrets/a%2Fb%20c");
    server.user("alice").get(reply.header("location")).await.expect_status(200);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_not_found() {
    let server = Server::start().await;
    let reply = server.user("alice").get(&secret_path("alice", "none")).await;
    reply
        .expect(404, &json!({ "error_code": "GENERAL_ERROR", "error_message": "Secret not found (OBJECT_NOT_FOUND)" }));
}
