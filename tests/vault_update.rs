//! The vault's contract for `PUT …/secrets/{name}`: changed and kept parts, conditions, and refused bodies.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{Client, Server, body_faults, fault, fault_at, secret_path, secrets_path, utc};

/// A server on which alice has a secret `n` with data and roles.
async fn with_secret() -> Server {
    let server = Server::start().await;
    let body = json!({
        "name": "n", "data": { "k": 1 },
        "read_roles": [{ "id": "r1" }, { "id": "r2" }], "write_roles": [{ "id": "w" }],
    });
    server.user("alice").create("alice", &body).await;
    server
}

fn path() -> String {
    secret_path("alice", "n")
}

async fn read(server: &Server) -> Value {
    server.user("alice").get(&path()).await.expect_status(200).json()
}

/// Updates the secret of [`with_secret`] and returns it before and after, without its times.
async fn change(body: &str) -> (Value, Value) {
    let server = with_secret().await;
    let mut before = read(&server).await;
    let reply = server.user("alice").put(&path(), body.to_owned()).await;
    assert_eq!(reply.expect_status(200).text(), "");
    let mut after = read(&server).await;
    assert_eq!(before["created"], after["created"]);
    for secret in [&mut before, &mut after] {
        secret.as_object_mut().unwrap().remove("updated").unwrap();
    }
    (before, after)
}

#[tokio::test]
async fn an_update_is_answered_with_200_and_nothing() {
    let server = with_secret().await;
    let reply = server.user("alice").put(&path(), r#"{"data":{"k":2}}"#).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    assert!(!reply.headers.contains_key("content-type"), "{reply:?}");
}

#[tokio::test]
async fn new_data_replaces_the_old_as_a_whole_and_leaves_the_roles() {
    let (mut before, after) = change(r#"{"data":{"other":true}}"#).await;
    before["data"] = json!({ "other": true });
    assert_eq!(after, before);
}

#[tokio::test]
async fn new_read_roles_replace_the_old_and_leave_the_rest() {
    let (mut before, after) = change(r#"{"read_roles":[{"id":"r9","name":"Nine"},{"id":"r1"}]}"#).await;
    before["read_roles"] =
        json!([{ "id": "r9", "name": "", "deleted": false }, { "id": "r1", "name": "", "deleted": false }]);
    assert_eq!(after, before);
}

#[tokio::test]
async fn new_write_roles_replace_the_old_and_leave_the_rest() {
    let (mut before, after) = change(r#"{"write_roles":[{"id":"x"}]}"#).await;
    before["write_roles"] = json!([{ "id": "x", "name": "", "deleted": false }]);
    assert_eq!(after, before);
}

macro_rules! kept {
    ($($name:ident: $body:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (before, after) = change($body).await;
            assert_eq!(after, before);
        }
    )*};
}

kept! {
    members_that_are_missing_keep_what_is_stored: "{}";
    members_of_null_keep_what_is_stored: r#"{"data":null,"read_roles":null,"write_roles":null}"#;
    an_empty_name_in_the_body_is_ignored: r#"{"name":"","read_roles":null}"#;
    another_name_in_the_body_is_ignored: r#"{"name":"a%2Fb"}"#;
    a_name_that_is_no_name_is_ignored: r#"{"name":["."]}"#;
    another_owner_in_the_body_is_ignored: r#"{"owner_id":"mallory"}"#;
    author_and_times_in_the_body_are_ignored:
        r#"{"author":"mallory","created":"1999-01-01T00:00:00Z","updated":null,"path":"/","updated_by":"mallory"}"#;
}

#[tokio::test]
async fn empty_lists_clear_the_roles() {
    let (mut before, after) = change(r#"{"read_roles":[],"write_roles":[]}"#).await;
    before["read_roles"] = json!([]);
    before["write_roles"] = json!([]);
    assert_eq!(after, before);
}

#[tokio::test]
async fn another_name_in_the_body_creates_nothing() {
    let server = with_secret().await;
    server.user("alice").put(&path(), r#"{"name":"m","data":{}}"#).await.expect_status(200);
    assert_eq!(server.user("alice").get(&secrets_path("alice")).await.expect_status(200).json()["count"], 1);
}

#[tokio::test]
async fn an_update_never_creates() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let not_found = fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)");
    alice.put(&path(), r#"{"name":"n","data":{}}"#).await.expect(404, &not_found);
    alice.get(&path()).await.expect(404, &not_found);
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

#[tokio::test]
async fn an_update_tells_who_made_it_and_when_and_leaves_author_and_creation() {
    let server = Server::start().await;
    let body = json!({ "name": "n", "data": {}, "write_roles": [{ "id": "w" }] });
    server.with("carol", &["admin"], &[]).create("alice", &body).await;
    let before = read(&server).await;
    // So that another time can be told from the same one.
    let deadline = Instant::now() + Duration::from_secs(10);
    while OffsetDateTime::now_utc() - utc(&before["updated"]) < time::Duration::milliseconds(2) {
        assert!(Instant::now() < deadline, "the clock stands still");
        tokio::task::yield_now().await;
    }
    let reply = server.with("bob", &["user"], &["w"]).put(&path(), r#"{"data":{"by":"bob"}}"#).await;
    assert_eq!(reply.expect_status(200).text(), "");
    let after = read(&server).await;
    assert_eq!((&before["updated_by"], &after["updated_by"]), (&json!("carol"), &json!("bob")));
    assert_eq!((&after["author"], &after["owner_id"]), (&json!("carol"), &json!("alice")));
    assert_eq!(after["data"], json!({ "by": "bob" }));
    assert_eq!(before["created"], after["created"]);
    assert!(utc(&before["updated"]) < utc(&after["updated"]), "{before} {after}");
}

#[tokio::test]
async fn every_update_has_a_tag_of_its_own_even_if_nothing_else_changes() {
    let server = with_secret().await;
    let alice = server.user("alice");
    let mut tags = vec![alice.get(&path()).await.header("etag").to_owned()];
    for _ in 0..3 {
        let reply = alice.put(&path(), "{}").await;
        tags.push(reply.expect_status(200).header("etag").to_owned());
        assert_eq!(alice.get(&path()).await.header("etag"), tags[tags.len() - 1]);
    }
    let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
    assert_eq!(distinct.len(), 4, "{tags:?}");
}

// Conditions.

const MOVED_ON: (&str, &str, &str) =
    ("INVALID_REQUEST_DATA", "If-Match", "The secret has changed since; read it again");

macro_rules! met {
    ($($name:ident: $condition:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_secret().await;
            let condition: fn(&str) -> String = $condition;
            let condition = condition(server.user("alice").get(&path()).await.header("etag"));
            let reply = server.user("alice").header("if-match", &condition).put(&path(), r#"{"data":{"k":2}}"#).await;
            assert_eq!(reply.expect_status(200).text(), "", "{condition}");
            assert_eq!(read(&server).await["data"], json!({ "k": 2 }), "{condition}");
        }
    )*};
}

met! {
    an_update_of_the_state_that_was_read_is_made: |tag| tag.to_owned();
    an_update_of_one_of_several_states_is_made: |tag| format!("\"other\", {tag}");
    an_update_of_one_state_among_empty_elements_is_made: |tag| format!(", ,{tag} ,,");
    an_update_of_a_state_beside_a_tag_with_commas_is_made: |tag| format!("\",a,,b\",{tag}");
    an_update_of_any_state_is_made: |_| "*".to_owned();
}

#[tokio::test]
async fn an_update_of_a_state_that_has_moved_on_is_refused_and_changes_nothing() {
    let server = with_secret().await;
    let alice = server.user("alice");
    let old = alice.get(&path()).await.header("etag").to_owned();
    alice.put(&path(), r#"{"data":{"k":2}}"#).await.expect_status(200);
    let (code, property, message) = MOVED_ON;
    let reply = alice.clone().header("if-match", &old).put(&path(), r#"{"data":{"k":3}}"#).await;
    reply.expect(412, &fault_at(code, property, message));
    assert_eq!(read(&server).await["data"], json!({ "k": 2 }));
}

#[tokio::test]
async fn a_tag_that_is_none_of_ours_or_a_weak_one_matches_nothing() {
    let server = with_secret().await;
    let tag = server.user("alice").get(&path()).await.header("etag").to_owned();
    let (code, property, message) = MOVED_ON;
    let tags_with_commas = ["\"a,b\""; 10].join(", ");
    for condition in
        ["\"\"", "\"1\"", &format!("W/{tag}"), "\"a,b\"", "\",\"", "W/\"a, b\"", ",\"a\"", &tags_with_commas]
    {
        let reply = server.user("alice").header("if-match", condition).put(&path(), r#"{"data":{}}"#).await;
        reply.expect(412, &fault_at(code, property, message));
    }
    assert_eq!(read(&server).await["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn a_condition_that_is_no_list_of_tags_is_refused() {
    let server = with_secret().await;
    let message = "If-Match must be * or a list of at most 10 entity tags, each in double quotes";
    let eleven = ["\"a\""; 11].join(",");
    for condition in ["abc", "\"a\", b", "\"a\" \"b\"", "\"a\"b,\"c\"", "\"a,b", ",", ", ,", "*,\"a\"", ",*", &eleven] {
        let reply = server.user("alice").header("if-match", condition).put(&path(), r#"{"data":{}}"#).await;
        reply.expect(400, &fault_at("VALUE_INCORRECT_FORMAT", "If-Match", message));
    }
    assert_eq!(read(&server).await["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn a_condition_on_a_secret_that_is_not_there_is_not_found() {
    let server = Server::start().await;
    for condition in ["*", "\"1-00000000000000000000000000000000\""] {
        let reply = server.user("alice").header("if-match", condition).put(&path(), "{}").await;
        reply.expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
    }
}

// The refused values.

macro_rules! refused {
    ($($name:ident: $body:expr => $fault:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_secret().await;
            let before = read(&server).await;
            server.user("alice").put(&path(), $body).await.expect(400, &$fault);
            assert_eq!(read(&server).await, before);
        }
    )*};
}

refused! {
    an_update_without_a_body_is_refused:
        "" => fault("BAD_REQUEST", "The body is not JSON in UTF-8 (line 1, column 0)");
    an_update_that_is_no_object_is_refused:
        r#"[{"data":{}}]"#
        => fault("BAD_REQUEST", "The body must be a JSON object in UTF-8 that names each member once (line 1, column 0)");
    new_data_that_is_no_object_is_refused:
        r#"{"data":"x"}"#
        => body_faults(&[("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is a string")]);
    new_data_that_is_too_large_is_refused:
        format!(r#"{{"data":{{"k":"{}"}}}}"#, "v".repeat(65_529))
        => body_faults(&[("VALUE_OUT_OF_BOUNDS", "data", "data must have at most 65536 bytes as sent, and has 65537")]);
    all_faults_of_an_update_are_reported_at_once:
        r#"{"name":5,"data":[],"read_roles":5,"write_roles":[{"id":"\u0001"}],"owner_id":5}"#
        => body_faults(&[
            ("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is an array"),
            ("VALUE_INCORRECT_TYPE", "read_roles", "read_roles must be an array of roles, and is a number"),
            ("VALUE_INCORRECT_FORMAT", "write_roles[0].id", "write_roles[0].id must not hold control characters"),
        ]);
}

#[tokio::test]
async fn the_syntax_of_an_update_is_judged_before_anything_is_looked_up() {
    let server = with_secret().await;
    let bob = server.user("bob");
    let fault = body_faults(&[("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is a number")]);
    for name in ["n", "none"] {
        bob.put(&secret_path("alice", name), r#"{"data":1}"#).await.expect(400, &fault);
    }
}

#[tokio::test]
async fn who_can_read_a_secret_but_not_write_it_is_told_so() {
    let server = with_secret().await;
    let reply = server.with("bob", &["user"], &["r1"]).put(&path(), r#"{"data":{}}"#).await;
    reply.expect(403, &fault("PERMISSION_DENIED", "Permission denied"));
    assert_eq!(read(&server).await["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn who_can_not_see_a_secret_finds_none_to_update() {
    let server = with_secret().await;
    let reply = server.user("bob").put(&path(), r#"{"data":{}}"#).await;
    reply.expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
    assert_eq!(read(&server).await["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn an_update_without_a_content_type_or_with_a_wrong_one_is_made() {
    let server = with_secret().await;
    server.user("alice").put(&path(), r#"{"data":{"k":2}}"#).await.expect_status(200);
    assert_eq!(read(&server).await["data"], json!({ "k": 2 }));
    let alice = server.user("alice").header("content-type", "text/html");
    alice.put(&path(), r#"{"data":{"k":3}}"#).await.expect_status(200);
    assert_eq!(read(&server).await["data"], json!({ "k": 3 }));
}

// Only the owner changes role lists.

/// A holder of the write role of [`with_secret`].
fn writer(server: &Server) -> Client {
    server.with("bob", &["user"], &["w"])
}

#[tokio::test]
async fn a_holder_of_a_write_role_can_not_give_himself_the_right_to_read() {
    let server = with_secret().await;
    let before = read(&server).await;
    for body in [
        r#"{"read_roles":[{"id":"w"}]}"#,
        r#"{"data":{"k":2},"read_roles":[{"id":"w"}]}"#,
        r#"{"read_roles":[{"id":"r1"},{"id":"r2"},{"id":"w"}]}"#,
        r#"{"read_roles":[{"id":"r1"}]}"#,
        r#"{"read_roles":[]}"#,
        r#"{"read_roles":[{"id":"R1"},{"id":"r2"}]}"#,
        r#"{"write_roles":[]}"#,
        r#"{"write_roles":[{"id":"w"},{"id":"x"}]}"#,
        r#"{"data":{"k":2},"read_roles":[{"id":"r1"},{"id":"r2"}],"write_roles":[{"id":"x"}]}"#,
    ] {
        let reply = writer(&server).put(&path(), body).await;
        assert_eq!(reply.status, 403, "{body}");
        reply.expect(403, &fault("PERMISSION_DENIED", "Permission denied"));
        assert_eq!(read(&server).await, before, "{body}");
    }
    assert!(writer(&server).get(&path()).await.expect_status(200).json().get("data").is_none());
}

#[tokio::test]
async fn a_holder_of_a_write_role_can_send_back_the_role_lists_that_he_got() {
    let server = with_secret().await;
    let before = read(&server).await;
    for (i, roles) in [
        r#""read_roles":null,"write_roles":null"#,
        r#""read_roles":[{"id":"r1"},{"id":"r2"}]"#,
        r#""read_roles":[{"id":"r2","name":"Two","deleted":true},{"id":"r1"},{"id":"r2"}],"write_roles":[{"id":"w"}]"#,
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(r#"{{"data":{{"i":{i}}},{roles}}}"#);
        writer(&server).put(&path(), body).await.expect_status(200);
        let after = read(&server).await;
        assert_eq!(after["data"], json!({ "i": i }), "{roles}");
        for list in ["read_roles", "write_roles"] {
            assert_eq!(after[list], before[list], "{roles}: the stored order stays");
        }
    }
}

#[tokio::test]
async fn another_state_is_told_before_a_change_of_roles_is_refused() {
    let server = with_secret().await;
    let tag = server.user("alice").get(&path()).await.header("etag").to_owned();
    let (code, property, message) = MOVED_ON;
    let roles = r#"{"read_roles":[{"id":"w"}]}"#;
    let stale = writer(&server).header("if-match", "\"other\"").put(&path(), roles).await;
    stale.expect(412, &fault_at(code, property, message));
    let fresh = writer(&server).header("if-match", &tag).put(&path(), roles).await;
    fresh.expect(403, &fault("PERMISSION_DENIED", "Permission denied"));
}

#[tokio::test]
async fn an_owner_who_holds_a_write_role_too_changes_the_role_lists() {
    let server = with_secret().await;
    server.with("alice", &["user"], &["w"]).put(&path(), r#"{"read_roles":[{"id":"x"}]}"#).await.expect_status(200);
    assert_eq!(read(&server).await["read_roles"], json!([{ "id": "x", "name": "", "deleted": false }]));
}
