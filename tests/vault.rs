//! Contract of the vault for all operations: the reading of paths, the meaning of entity tags and headers, and the text
//! of a missing secret.

use serde_json::json;

use crate::support::{Server, fault, fault_at, secret_path, secrets_path};

const NOT_FOUND: &str = "Secret not found (OBJECT_NOT_FOUND)";

// Paths.

#[tokio::test]
async fn a_slash_in_a_name_arrives_encoded_and_stays_in_the_name() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "a/b", "data": { "k": 1 } })).await;
    for path in ["/vault/api/v1/user/alice/secrets/a%2Fb", "/vault/api/v1/user/alice/secrets/a%2fb"] {
        let reply = alice.get(path).await;
        assert_eq!(reply.expect_status(200).json()["name"], "a/b", "{path}");
    }
}

#[tokio::test]
async fn a_bare_slash_in_a_name_is_another_path() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "a/b", "data": {} })).await;
    let reply = alice.get("/vault/api/v1/user/alice/secrets/a/b").await;
    reply.expect(404, &fault("GENERAL_ERROR", "No such resource"));
}

#[tokio::test]
async fn a_path_that_is_only_partly_encoded_names_the_same_secret() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "$&+:=@", "data": { "k": 1 } })).await;
    for name in ["$&+:=@", "%24%26%2B%3A%3D%40", "$%26+%3A=%40"] {
        let reply = alice.get(&format!("/vault/api/v1/user/alice/secrets/{name}")).await;
        assert_eq!(reply.expect_status(200).json()["name"], "$&+:=@", "{name}");
    }
}

#[tokio::test]
async fn a_plus_in_a_path_is_a_plus_and_no_space() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "a b", "data": {} })).await;
    alice.get("/vault/api/v1/user/alice/secrets/a+b").await.expect(404, &fault("GENERAL_ERROR", NOT_FOUND));
    alice.create("alice", &json!({ "name": "a+b", "data": {} })).await;
    assert_eq!(alice.get("/vault/api/v1/user/alice/secrets/a+b").await.expect_status(200).json()["name"], "a+b");
    assert_eq!(alice.get("/vault/api/v1/user/alice/secrets/a%20b").await.expect_status(200).json()["name"], "a b");
}

#[tokio::test]
async fn a_segment_of_a_path_is_decoded_once() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "a%2Fb", "data": {} })).await;
    let reply = alice.get("/vault/api/v1/user/alice/secrets/a%252Fb").await;
    assert_eq!(reply.expect_status(200).json()["name"], "a%2Fb");
    alice.get("/vault/api/v1/user/alice/secrets/a%2Fb").await.expect(404, &fault("GENERAL_ERROR", NOT_FOUND));
}

#[tokio::test]
async fn the_owner_in_a_path_is_decoded_like_a_name() {
    let server = Server::start().await;
    let caller = server.user("x/ü@y");
    let reply = caller.post("/vault/api/v1/user/x%2F%C3%BC@y/secrets", r#"{"name":"n","data":{}}"#).await;
    reply.expect(201, &json!({ "name": "n" }));
    assert_eq!(reply.header("location"), "/vault/api/v1/user/x%2F%C3%BC%40y/secrets/n");
    let reply = caller.get(reply.header("location")).await;
    assert_eq!(reply.expect_status(200).json()["owner_id"], "x/ü@y");
}

macro_rules! refused_paths {
    ($($name:ident: $path:literal => ($code:literal, $property:literal, $message:expr);)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let path = $path.replace("{513}", &"n".repeat(513)).replace("{257}", &"u".repeat(257));
            let fault = fault_at($code, $property, $message);
            let admin = server.with("alice", &["user", "admin"], &[]);
            admin.get(&path).await.expect(400, &fault);
            admin.put(&path, "{}").await.expect(400, &fault);
            admin.delete(&path).await.expect(400, &fault);
        }
    )*};
}

refused_paths! {
    a_path_with_an_empty_name_is_refused:
        "/vault/api/v1/user/alice/secrets/"
        => ("VALUE_INCORRECT_FORMAT", "name", "name in the path must not be empty");
    a_path_with_a_name_of_one_dot_is_refused:
        "/vault/api/v1/user/alice/secrets/%2E"
        => ("VALUE_INCORRECT_FORMAT", "name", "name in the path must not be '.' or '..'");
    a_path_with_a_name_of_two_dots_is_refused:
        "/vault/api/v1/user/alice/secrets/%2E%2E"
        => ("VALUE_INCORRECT_FORMAT", "name", "name in the path must not be '.' or '..'");
    a_path_with_a_control_character_is_refused:
        "/vault/api/v1/user/alice/secrets/a%00b"
        => ("VALUE_INCORRECT_FORMAT", "name", "name in the path must not hold control characters");
    a_path_that_is_no_utf8_is_refused:
        "/vault/api/v1/user/alice/secrets/a%FF"
        => ("VALUE_INCORRECT_FORMAT", "name", "name in the path must be percent-encoded UTF-8");
    a_path_with_a_broken_escape_is_refused:
        "/vault/api/v1/user/alice/secrets/a%2"
        => ("VALUE_INCORRECT_FORMAT", "name", "name in the path must be percent-encoded UTF-8");
    a_path_with_a_name_that_is_too_long_is_refused:
        "/vault/api/v1/user/alice/secrets/{513}"
        => ("VALUE_OUT_OF_BOUNDS", "name", "name in the path must be at most 512 bytes of UTF-8, and has 513");
    a_path_with_an_empty_owner_is_refused:
        "/vault/api/v1/user//secrets/n"
        => ("VALUE_INCORRECT_FORMAT", "user_id", "user_id in the path must not be empty");
    a_path_with_an_owner_that_is_too_long_is_refused:
        "/vault/api/v1/user/{257}/secrets/n"
        => ("VALUE_OUT_OF_BOUNDS", "user_id", "user_id in the path must be at most 256 bytes of UTF-8, and has 257");
}

#[tokio::test]
async fn list_and_create_refuse_an_owner_that_is_no_utf8() {
    let server = Server::start().await;
    let fault = fault_at("VALUE_INCORRECT_FORMAT", "user_id", "user_id in the path must be percent-encoded UTF-8");
    let path = "/vault/api/v1/user/%C3%28/secrets";
    server.user("alice").get(path).await.expect(400, &fault);
    server.user("alice").post(path, r#"{"name":"n","data":{}}"#).await.expect(400, &fault);
}

// Entity tags.

#[tokio::test]
async fn create_get_and_update_carry_the_same_tag_for_the_same_state() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let created = alice.post(&secrets_path("alice"), r#"{"name":"n","data":{}}"#).await;
    let first = created.expect_status(201).header("etag").to_owned();
    assert_eq!(alice.get(&secret_path("alice", "n")).await.header("etag"), first);
    let updated = alice.put(&secret_path("alice", "n"), r#"{"data":{"k":1}}"#).await;
    let second = updated.expect_status(200).header("etag").to_owned();
    assert_ne!(first, second);
    assert_eq!(alice.get(&secret_path("alice", "n")).await.header("etag"), second);
}

#[tokio::test]
async fn a_tag_is_a_strong_one_in_double_quotes() {
    let server = Server::start().await;
    let reply = server.user("alice").post(&secrets_path("alice"), r#"{"name":"n","data":{}}"#).await;
    let tag = reply.header("etag");
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
}

#[tokio::test]
async fn a_secret_that_is_made_anew_has_another_tag_than_its_predecessor() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let create = async || alice.post(&secrets_path("alice"), r#"{"name":"n","data":{}}"#).await;
    let first = create().await;
    alice.delete(&secret_path("alice", "n")).await.expect_status(200);
    let second = create().await;
    assert_ne!(first.header("etag"), second.expect_status(201).header("etag"));
}

// Missing secrets, and the headers of every answer.

#[tokio::test]
async fn a_name_that_does_not_exist_is_not_found_in_the_words_of_both_clients() {
    let server = Server::start().await;
    let reply = server.user("alice").get(&secret_path("alice", "none")).await;
    reply.expect(404, &fault("GENERAL_ERROR", NOT_FOUND));
    // One looks for the one text in any case, the other for one of two texts.
    assert!(reply.text().to_lowercase().contains("secret not found"), "{}", reply.text());
    assert!(reply.text().contains("NOT_FOUND") || reply.text().contains("404"), "{}", reply.text());
}

#[tokio::test]
async fn a_content_type_on_get_and_delete_is_accepted() {
    let server = Server::start().await;
    let alice = server.user("alice").header("content-type", "application/json");
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    assert_eq!(alice.get(&secrets_path("alice")).await.expect_status(200).json()["count"], 1);
    assert_eq!(alice.get(&secret_path("alice", "n")).await.expect_status(200).json()["data"], json!({ "k": 1 }));
    assert_eq!(alice.delete(&secret_path("alice", "n")).await.expect_status(200).text(), "");
}

#[tokio::test]
async fn no_answer_may_be_kept_by_a_cache_or_taken_for_another_type() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let created = alice.post(&secrets_path("alice"), r#"{"name":"n","data":{}}"#).await;
    let updated = alice.put(&secret_path("alice", "n"), "{}").await;
    let got = alice.get(&secret_path("alice", "n")).await;
    let listed = alice.get(&secrets_path("alice")).await;
    let deleted = alice.delete(&secret_path("alice", "n")).await;
    let missing = alice.get(&secret_path("alice", "n")).await;
    let unknown = alice.get("/nowhere").await;
    let statuses: Vec<_> = [created, updated, got, listed, deleted, missing, unknown]
        .iter()
        .map(|reply| {
            assert_eq!(reply.header("cache-control"), "no-store");
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            reply.status
        })
        .collect();
    assert_eq!(statuses, [201, 200, 200, 200, 200, 404, 404]);
}

#[tokio::test]
async fn every_answer_names_a_request_id_of_its_own() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let mut ids = Vec::new();
    for reply in [alice.get(&secrets_path("alice")).await, alice.get(&secret_path("alice", "none")).await] {
        let id = reply.header("x-request-id").to_owned();
        assert!(id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}
