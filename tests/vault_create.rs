//! The vault's contract for `POST …/secrets`: a new secret, and its answer.

use serde_json::{Value, json};

use crate::support::{Server, fault_at, secret_path, secrets_path};

#[tokio::test]
async fn a_created_secret_is_answered_with_its_name_and_nothing_else() {
    let server = Server::start().await;
    let reply = server.user("alice").post(&secrets_path("alice"), r#"{"name":"db","data":{"k":1}}"#).await;
    reply.expect(201, &json!({ "name": "db" }));
    assert_eq!(reply.text(), r#"{"name":"db"}"#);
}

#[tokio::test]
async fn a_created_secret_is_named_and_located() {
    let server = Server::start().await;
    let reply = server.user("alice").post(&secrets_path("alice"), r#"{"name":"a/b c","data":{"k":1}}"#).await;
    reply.expect(201, &json!({ "name": "a/b c" }));
    assert_eq!(reply.header("location"), "/vault/api/v1/user/alice/secrets/a%2Fb%20c");
    let reply = server.user("alice").get(reply.header("location")).await;
    assert_eq!(reply.expect_status(200).json()["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn a_secret_of_the_longest_name_can_be_created_and_read() {
    let server = Server::start().await;
    let name = "n".repeat(512);
    server.user("alice").create("alice", &json!({ "name": name, "data": {} })).await;
    assert_eq!(server.user("alice").get(&secret_path("alice", &name)).await.expect_status(200).json()["name"], name);
}

#[tokio::test]
async fn a_secret_of_no_members_can_be_created_and_read() {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "n", "data": {} })).await;
    let reply = server.user("alice").get(&secret_path("alice", "n")).await;
    assert_eq!(reply.expect_status(200).json()["data"], json!({}));
}

#[tokio::test]
async fn the_owner_is_the_author_of_what_he_creates() {
    let server = Server::start().await;
    // Any scope of the vault will do.
    server.with("alice", &["owner"], &[]).create("alice", &json!({ "name": "n", "data": {} })).await;
    let secret = server.user("alice").get(&secret_path("alice", "n")).await.expect_status(200).json();
    assert_eq!((&secret["author"], &secret["updated_by"]), (&json!("alice"), &json!("alice")));
    assert_eq!(secret["owner_id"], "alice");
}

macro_rules! authors {
    ($($name:ident: $scope:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let carol = server.with("carol", &[$scope], &[]);
            let reply = carol.post(&secrets_path("alice"), r#"{"name":"n","data":{"k":1}}"#).await;
            reply.expect(201, &json!({ "name": "n" }));
            assert_eq!(reply.header("location"), "/vault/api/v1/user/alice/secrets/n");
            let secret = server.user("alice").get(&secret_path("alice", "n")).await.expect_status(200).json();
            assert_eq!((&secret["author"], &secret["updated_by"]), (&json!("carol"), &json!("carol")));
            assert_eq!((&secret["owner_id"], &secret["data"]), (&json!("alice"), &json!({ "k": 1 })));
        }
    )*};
}

authors! {
    an_admin_is_the_author_of_what_he_creates_for_somebody_else: "admin";
    a_holder_of_vault_add_is_the_author_of_what_he_creates_for_somebody_else: "vaultAdd";
    a_holder_of_vault_manage_is_the_author_of_what_he_creates_for_somebody_else: "vaultManage";
}

// A body's optional members.

macro_rules! accepted {
    ($($name:ident: $members:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let body = format!(r#"{{"name":"n","data":{{"k":1}},{}}}"#, $members);
            server.user("alice").post(&secrets_path("alice"), body).await.expect(201, &json!({ "name": "n" }));
            let secret = server.user("alice").get(&secret_path("alice", "n")).await.expect_status(200).json();
            assert_eq!((&secret["owner_id"], &secret["data"]), (&json!("alice"), &json!({ "k": 1 })));
            assert_eq!((&secret["read_roles"], &secret["write_roles"]), (&json!([]), &json!([])));
        }
    )*};
}

accepted! {
    an_owner_id_that_equals_the_path_is_accepted: r#""owner_id":"alice""#;
    an_owner_id_of_null_is_accepted: r#""owner_id":null"#;
    role_lists_of_null_are_answered_as_arrays: r#""read_roles":null,"write_roles":null"#;
    empty_role_lists_are_answered_as_arrays: r#""read_roles":[],"write_roles":[]"#;
    members_that_nobody_knows_are_ignored: r#""path":"/x","author":"mallory","created":5,"whatever":[{}]"#;
}

#[tokio::test]
async fn a_secret_without_role_lists_is_answered_with_empty_ones() {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "n", "data": {} })).await;
    let secret = server.user("alice").get(&secret_path("alice", "n")).await.expect_status(200).json();
    assert_eq!((&secret["read_roles"], &secret["write_roles"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn roles_come_back_in_the_order_given_and_without_the_names_given() {
    let server = Server::start().await;
    let body = json!({
        "name": "n", "data": {},
        "read_roles": [{ "id": "r2", "name": "Mallory's" }, { "id": "r1" }, { "id": "r3", "deleted": true, "more": 1 }],
        "write_roles": [{ "id": "w1", "name": null }],
    });
    server.user("alice").create("alice", &body).await;
    let secret = server.user("alice").get(&secret_path("alice", "n")).await.expect_status(200).json();
    let role = |id: &str| json!({ "id": id, "name": "", "deleted": false });
    assert_eq!(secret["read_roles"], json!([role("r2"), role("r1"), role("r3")]));
    assert_eq!(secret["write_roles"], json!([role("w1")]));
}

/// In a token, an entry with `deleted: true` does not count; a list of roles in a body has ids alone.
#[tokio::test]
async fn a_role_that_a_body_marks_as_deleted_is_stored_like_any_other() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let marked = |id: &str| {
        let deleted = [json!(true), json!(false), Value::Null, json!("true"), json!({})];
        json!(deleted.iter().map(|deleted| json!({ "id": id, "deleted": deleted })).collect::<Vec<_>>())
    };
    let stored = |id: &str| json!(vec![json!({ "id": id, "name": "", "deleted": false }); 5]);
    alice
        .create("alice", &json!({ "name": "n", "data": {}, "read_roles": marked("r"), "write_roles": marked("w") }))
        .await;
    for id in ["", "new-"] {
        let (read, write) = (format!("{id}r"), format!("{id}w"));
        if !id.is_empty() {
            let body = json!({ "read_roles": marked(&read), "write_roles": marked(&write) });
            alice.put(&secret_path("alice", "n"), body.to_string()).await.expect_status(200);
        }
        let secret = alice.get(&secret_path("alice", "n")).await.expect_status(200).json();
        assert_eq!((&secret["read_roles"], &secret["write_roles"]), (&stored(&read), &stored(&write)));
        let reader = server.with("bob", &["user"], &[&read]);
        assert_eq!(reader.get(&secret_path("alice", "n")).await.expect_status(200).json()["data"], json!({}));
        let writer = server.with("carol", &["user"], &[&write]);
        writer.put(&secret_path("alice", "n"), r#"{"data":{}}"#).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_list_of_one_hundred_roles_is_accepted() {
    let server = Server::start().await;
    let roles: Vec<Value> = (0..100).map(|i| json!({ "id": format!("r{i}") })).collect();
    server.user("alice").create("alice", &json!({ "name": "n", "data": {}, "read_roles": roles })).await;
    let secret = server.user("alice").get(&secret_path("alice", "n")).await.expect_status(200).json();
    assert_eq!(secret["read_roles"].as_array().unwrap().len(), 100);
    assert_eq!(secret["read_roles"][99]["id"], "r99");
}

// Content types.

#[tokio::test]
async fn a_body_without_a_content_type_is_read() {
    let server = Server::start().await;
    // The test's client sends none by itself.
    let reply = server.user("alice").post(&secrets_path("alice"), r#"{"name":"n","data":{}}"#).await;
    reply.expect(201, &json!({ "name": "n" }));
}

macro_rules! content_types {
    ($($name:ident: $value:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let alice = server.user("alice").header("content-type", $value);
            let reply = alice.post(&secrets_path("alice"), r#"{"name":"n","data":{"k":1}}"#).await;
            reply.expect(201, &json!({ "name": "n" }));
            let secret = alice.get(&secret_path("alice", "n")).await.expect_status(200).json();
            assert_eq!(secret["data"], json!({ "k": 1 }));
        }
    )*};
}

content_types! {
    a_body_of_content_type_json_is_read: "application/json; charset=utf-8";
    a_body_of_content_type_text_is_read_as_json: "text/plain";
    a_body_of_content_type_form_is_read_as_json: "application/x-www-form-urlencoded";
    a_body_of_a_content_type_that_is_none_is_read_as_json: "???";
}

// Names that are taken.

#[tokio::test]
async fn a_name_that_the_owner_has_already_is_a_duplicate_and_leaves_the_secret_alone() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    let before = alice.get(&secret_path("alice", "n")).await;
    let message = "a secret of this name is there already; update it, or choose another name";
    let reply = alice.post(&secrets_path("alice"), r#"{"name":"n","data":{"k":2}}"#).await;
    reply.expect(400, &fault_at("VALUE_DUPLICATE", "name", message));
    let after = alice.get(&secret_path("alice", "n")).await;
    assert_eq!((before.text(), before.header("etag")), (after.text(), after.header("etag")));
}

#[tokio::test]
async fn a_name_that_another_owner_has_is_free() {
    let server = Server::start().await;
    server.user("bob").create("bob", &json!({ "name": "n", "data": { "k": "bob's" } })).await;
    server.user("alice").create("alice", &json!({ "name": "n", "data": { "k": "alice's" } })).await;
    let data = server.user("bob").get(&secret_path("bob", "n")).await.expect_status(200).json()["data"].clone();
    assert_eq!(data, json!({ "k": "bob's" }));
}

#[tokio::test]
async fn a_name_that_was_deleted_is_free_again() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    alice.delete(&secret_path("alice", "n")).await.expect_status(200);
    alice.create("alice", &json!({ "name": "n", "data": { "k": 2 } })).await;
    let secret = alice.get(&secret_path("alice", "n")).await.expect_status(200).json();
    assert_eq!(secret["data"], json!({ "k": 2 }));
}

/// A reader that held each member against all before it would use up the time of the request.
#[tokio::test]
async fn a_body_of_fifty_seven_thousand_members_is_read_like_any_other() {
    let server = Server::builder().setting("COFFER_MAX_DATA_BYTES", "262144").start().await;
    let members: String = (0..57_000).map(|i| format!(",\"{i:x}\":0")).collect();
    assert!(members.len() > 500_000, "near the largest body");
    let body = format!(r#"{{"name":"db","data":{{}},"read_roles":[{{"id":"r"}}]{members}}}"#);
    server.user("alice").post(&secrets_path("alice"), body).await.expect(201, &json!({ "name": "db" }));
}

/// The published API lets the creator choose the role lists: SECURITY and COMPATIBILITY name the consequence.
#[tokio::test]
async fn a_secret_that_somebody_else_made_names_its_author_and_has_the_role_lists_of_its_author() {
    let server = Server::start().await;
    let body =
        json!({ "name": "n", "data": {}, "read_roles": [{ "id": "planted" }], "write_roles": [{ "id": "mine" }] });
    let adder = server.with("mallory", &["vaultAdd", "user"], &["planted"]);
    adder.post(&secrets_path("alice"), body.to_string()).await.expect_status(201);
    let (alice, path) = (server.user("alice"), secret_path("alice", "n"));
    let expect = async |data: Value, read: Value, write: Value| {
        let secret = alice.get(&path).await.expect_status(200).json();
        let list = alice.get(&secrets_path("alice")).await.expect_status(200).json();
        assert_eq!(list["items"], json!([secret]));
        assert_eq!((&secret["author"], &secret["data"]), (&json!("mallory"), &data));
        assert_eq!((&secret["read_roles"], &secret["write_roles"]), (&read, &write));
    };
    let role = |id: &str| json!([{ "id": id, "name": "", "deleted": false }]);
    expect(json!({}), role("planted"), role("mine")).await;
    // The secret's author reads the owner's data in it.
    alice.put(&path, r#"{"data":{"k":1}}"#).await.expect_status(200);
    expect(json!({ "k": 1 }), role("planted"), role("mine")).await;
    assert_eq!(adder.get(&path).await.expect_status(200).json()["data"], json!({ "k": 1 }));
    // The owner's update that takes the roles away.
    alice.put(&path, r#"{"data":{"k":2},"read_roles":[],"write_roles":[]}"#).await.expect_status(200);
    expect(json!({ "k": 2 }), json!([]), json!([])).await;
    for roles in [&["planted"][..], &["mine"], &["planted", "mine"]] {
        let adder = server.with("mallory", &["vaultAdd", "user"], roles);
        let missing = adder.get(&secret_path("alice", "none")).await;
        assert_eq!(adder.get(&path).await.expect_status(404).without_ids(), missing.without_ids());
    }
}
