//! Members of a body that a create and an update take and ignore, and those that an update keeps.

use serde_json::{Value, json};

use crate::support::{Client, Server, secret_path, secrets_path};

/// A server with a secret of alice that has data and roles.
async fn with_a_secret() -> (Server, Client, String) {
    let server = Server::start().await;
    let alice = server.user("alice");
    let body = json!({
        "name": "n", "data": { "k": 1 },
        "read_roles": [{ "id": "r2" }, { "id": "r1" }], "write_roles": [{ "id": "w2" }, { "id": "w1" }],
    });
    alice.create("alice", &body).await;
    (server, alice, secret_path("alice", "n"))
}

/// Roles as answers give them.
fn roles(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "id": id, "name": "", "deleted": false })).collect()
}

/// Sends an update, and holds data and roles of the secret after it.
async fn update(body: &str, data: Value, read: &[&str], write: &[&str]) {
    let (_server, alice, path) = with_a_secret().await;
    let reply = alice.put(&path, body.to_owned()).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    let after = alice.get(&path).await.expect_status(200).json();
    assert_eq!(after["data"], data);
    assert_eq!((&after["read_roles"], &after["write_roles"]), (&roles(read), &roles(write)));
    assert_eq!((&after["name"], &after["owner_id"]), (&json!("n"), &json!("alice")));
}

const READ: [&str; 2] = ["r2", "r1"];
const WRITE: [&str; 2] = ["w2", "w1"];

macro_rules! an_update {
    ($($what:ident: $body:expr, $data:expr, $read:expr, $write:expr;)*) => {
        mod an_update {
            use super::*;
            $(#[tokio::test] async fn $what() { update($body, $data, &$read, &$write).await; })*
        }
    };
}

an_update! {
    without_fields_keeps_all: "{}", json!({ "k": 1 }), READ, WRITE;
    with_nulls_keeps_all: r#"{"data":null,"read_roles":null,"write_roles":null}"#, json!({ "k": 1 }), READ, WRITE;
    of_data_keeps_the_roles: r#"{"data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    of_data_replaces_it_whole: r#"{"data":{"other":{}}}"#, json!({ "other": {} }), READ, WRITE;
    of_data_can_empty_it: r#"{"data":{}}"#, json!({}), READ, WRITE;
    of_read_roles_keeps_data_and_write_roles: r#"{"read_roles":[{"id":"x"}]}"#, json!({ "k": 1 }), ["x"], WRITE;
    of_write_roles_keeps_data_and_read_roles: r#"{"write_roles":[{"id":"x"}]}"#, json!({ "k": 1 }), READ, ["x"];
    with_an_empty_list_clears_the_read_roles: r#"{"read_roles":[]}"#, json!({ "k": 1 }), [], WRITE;
    with_an_empty_list_clears_the_write_roles: r#"{"write_roles":[]}"#, json!({ "k": 1 }), READ, [];
    with_roles_keeps_their_order: r#"{"read_roles":[{"id":"b"},{"id":"a"},{"id":"c"}]}"#,
        json!({ "k": 1 }), ["b", "a", "c"], WRITE;
    ignores_an_empty_name: r#"{"name":"","data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    ignores_another_name: r#"{"name":"other","data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    ignores_a_wrongly_escaped_name: r#"{"name":"%zz/..","data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    ignores_a_name_that_is_no_name: r#"{"name":[1],"data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    ignores_another_owner: r#"{"owner_id":"mallory","data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    ignores_an_owner_that_is_no_id: r#"{"owner_id":7,"data":{"k":2}}"#, json!({ "k": 2 }), READ, WRITE;
    ignores_unknown_members: r#"{"author":"mallory","created":0,"path":"/","x":[{}],"data":{"k":2}}"#,
        json!({ "k": 2 }), READ, WRITE;
}

#[tokio::test]
async fn an_update_that_ignores_a_name_makes_no_secret_of_that_name() {
    let (_server, alice, path) = with_a_secret().await;
    alice.put(&path, r#"{"name":"other","data":{}}"#).await.expect_status(200);
    alice.get(&secret_path("alice", "other")).await.expect_status(404);
    assert_eq!(alice.get(&secrets_path("alice")).await.json()["count"], 1);
}

#[tokio::test]
async fn an_update_of_a_missing_name_creates_nothing() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let reply = alice.put(&secret_path("alice", "none"), r#"{"name":"none","data":{}}"#).await;
    let body = json!({ "error_code": "GENERAL_ERROR", "error_message": "Secret not found (OBJECT_NOT_FOUND)" });
    reply.expect(404, &body);
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

/// Creates a secret named `n` with this body, which must succeed, and gives it as it is then.
async fn created(body: &str) -> Value {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.post(&secrets_path("alice"), body.to_owned()).await.expect(201, &json!({ "name": "n" }));
    alice.get(&secret_path("alice", "n")).await.expect_status(200).json()
}

#[tokio::test]
async fn a_create_ignores_unknown_members() {
    let body = r#"{"x":1,"name":"n","author":"mallory","updated_by":"mallory","created":"1970-01-01T00:00:00Z",
                   "path":"/elsewhere","data":{"k":1},"deleted":true,"":null,"Name":"other"}"#;
    let secret = created(body).await;
    assert_eq!((&secret["name"], &secret["data"]), (&json!("n"), &json!({ "k": 1 })));
    assert_eq!((&secret["author"], &secret["updated_by"]), (&json!("alice"), &json!("alice")));
    assert_eq!(secret["path"], secret_path("alice", "n"));
    assert!(secret["created"].as_str().unwrap() > "2024");
    assert!(["x", "deleted", "", "Name"].iter().all(|member| secret.get(member).is_none()), "{secret}");
}

#[tokio::test]
async fn a_create_without_roles_has_empty_lists_of_them() {
    for body in [r#"{"name":"n","data":{}}"#, r#"{"name":"n","data":{},"read_roles":null,"write_roles":null}"#] {
        let secret = created(body).await;
        assert_eq!((&secret["read_roles"], &secret["write_roles"]), (&json!([]), &json!([])));
    }
}

#[tokio::test]
async fn the_name_of_a_role_in_a_request_is_ignored() {
    let body =
        r#"{"name":"n","data":{},"read_roles":[{"name":"readers","id":"r","deleted":true},{"id":"s","name":7}]}"#;
    assert_eq!(created(body).await["read_roles"], roles(&["r", "s"]));
}

#[tokio::test]
async fn roles_come_back_in_the_order_given() {
    let ids: Vec<String> = (0..100).map(|i| format!("role-{}", i * 37 % 100)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let list: Value = ids.iter().map(|id| json!({ "id": id })).collect();
    let body = json!({ "name": "n", "data": {}, "read_roles": list, "write_roles": list });
    let secret = created(&body.to_string()).await;
    assert_eq!((&secret["read_roles"], &secret["write_roles"]), (&roles(&ids), &roles(&ids)));
}

#[tokio::test]
async fn an_owner_id_that_is_the_paths_is_taken() {
    assert_eq!(created(r#"{"name":"n","data":{},"owner_id":"alice"}"#).await["owner_id"], "alice");
}
