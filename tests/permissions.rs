//! Permissions: one table of callers and operations, with status and body of each answer, and its effect. Where a
//! caller may not know whether a secret exists, the answer is held against that for a name that doesn't.

use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

use crate::support::{Claims, Client, Reply, Server, TestKey, secret_path, secrets_path};

/// Result of an operation for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is done, and the answer holds no secret.
    Done,
    /// The answer holds the secret with its data.
    Whole,
    /// The answer holds the secret without its data.
    NoData,
    /// 404, as for a name that doesn't exist.
    Unknown,
    /// 403, as for a name that doesn't exist.
    Forbidden,
    /// 403 for a secret that the caller sees; a name that doesn't exist is 404.
    Denied,
    /// 401.
    Unauthorized,
}

use Outcome::{Denied, Done, Forbidden, NoData, Unauthorized, Unknown, Whole};

const OPERATIONS: [&str; 8] = ["list", "create", "get", "put nothing", "put data", "put roles", "put both", "delete"];

/// A caller, and the result of each operation.
type Row = (&'static str, Option<Value>, [Outcome; 8]);

const PLAINTEXT: &str = "the plaintext";
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "vault";

/// Claims beside those of a good token; null takes one away.
fn rows() -> Vec<Row> {
    let holder =
        |user: &str, scopes: &str, roles: &[&str]| Some(json!({ "sub": user, "scope": scopes, "roles": roles }));
    let own = |get| [Whole, Done, get, Done, Done, Done, Done, Done];
    // Everything but get and PUT.
    let stranger =
        |get, [none, data, roles, both]: [Outcome; 4]| [Forbidden, Forbidden, get, none, data, roles, both, Forbidden];
    vec![
        // The owner.
        ("owner", holder("alice", "user", &[]), own(Whole)),
        ("owner with `owner`", holder("alice", "owner", &[]), own(Forbidden)),
        ("owner with admin", holder("alice", "admin", &[]), own(Whole)),
        ("owner with vaultAdd", holder("alice", "vaultAdd", &[]), own(Forbidden)),
        ("owner with vaultManage", holder("alice", "vaultManage", &[]), own(Forbidden)),
        ("owner with an alias of user", holder("alice", "privx-user", &[]), own(Whole)),
        ("owner without scopes", holder("alice", "", &[]), [Forbidden; 8]),
        ("owner with a token for search", holder("alice", "sp:search:read sp:scopes:all", &[]), [Forbidden; 8]),
        (
            "owner with a token for search and roles",
            holder("alice", "sp:search:read", &["readers", "writers"]),
            [Forbidden; 8],
        ),
        ("owner with scopes of another case", holder("alice", "User OWNER vaultmanage", &[]), [Forbidden; 8]),
        // Roles.
        ("other user", holder("bob", "user", &[]), stranger(Unknown, [Unknown; 4])),
        ("holder of another role", holder("bob", "user", &["other"]), stranger(Unknown, [Unknown; 4])),
        ("read-role holder", holder("bob", "user", &["readers"]), stranger(Whole, [Denied; 4])),
        ("write-role holder", holder("bob", "user", &["writers"]), stranger(NoData, [Done, Done, Denied, Denied])),
        (
            "holder of both roles",
            holder("bob", "user", &["writers", "readers"]),
            stranger(Whole, [Done, Done, Denied, Denied]),
        ),
        ("read role without scopes", holder("bob", "", &["readers"]), stranger(Forbidden, [Unknown; 4])),
        (
            "write role without scopes",
            holder("bob", "", &["writers"]),
            stranger(Forbidden, [Done, Done, Denied, Denied]),
        ),
        // With one issuer and audience for both APIs: an update asks a holder of a write role for no scope.
        (
            "write role with a token for search",
            holder("bob", "sp:search:read", &["writers"]),
            stranger(Forbidden, [Done, Done, Denied, Denied]),
        ),
        // Scopes.
        ("admin", holder("bob", "admin", &[]), [Forbidden, Done, Whole, Denied, Denied, Denied, Denied, Done]),
        (
            "admin with a write role",
            holder("bob", "admin", &["writers"]),
            [Forbidden, Done, Whole, Done, Done, Denied, Denied, Done],
        ),
        (
            "vaultManage",
            holder("bob", "vaultManage", &[]),
            [NoData, Done, Forbidden, Unknown, Unknown, Unknown, Unknown, Done],
        ),
        (
            "vaultAdd",
            holder("bob", "vaultAdd", &[]),
            [Forbidden, Done, Forbidden, Unknown, Unknown, Unknown, Unknown, Forbidden],
        ),
        (
            "user and vaultManage",
            holder("bob", "user vaultManage", &[]),
            [NoData, Done, Unknown, Unknown, Unknown, Unknown, Unknown, Done],
        ),
        ("token without scopes", holder("bob", "", &[]), stranger(Forbidden, [Unknown; 4])),
        ("token for search", holder("bob", "sp:search:read", &[]), stranger(Forbidden, [Unknown; 4])),
        ("somebody else with `owner`", holder("bob", "owner", &[]), stranger(Forbidden, [Unknown; 4])),
        ("scopes of another service", holder("bob", "hostsManage service", &[]), stranger(Forbidden, [Unknown; 4])),
        // Tokens without an audience, of a client that is one.
        ("owner with `client_id` without `aud`", Some(json!({ "aud": null, "client_id": AUDIENCE })), own(Whole)),
        ("owner with `azp` without `aud`", Some(json!({ "aud": null, "azp": AUDIENCE })), own(Whole)),
        // Tokens that open nothing, with any scopes.
        ("other `client_id` without `aud`", Some(json!({ "aud": null, "client_id": "shop" })), [Unauthorized; 8]),
        (
            "other audience beside a good `client_id`",
            Some(json!({ "aud": "shop", "client_id": AUDIENCE })),
            [Unauthorized; 8],
        ),
        ("audience of the search API", Some(json!({ "aud": "search" })), [Unauthorized; 8]),
        ("expired token", Some(json!({ "exp": get_current_timestamp() - 3600 })), [Unauthorized; 8]),
        ("other issuer", Some(json!({ "iss": "https://other.example" })), [Unauthorized; 8]),
        ("no issuer", Some(json!({ "iss": null })), [Unauthorized; 8]),
        ("other audience", Some(json!({ "aud": "shop" })), [Unauthorized; 8]),
        (
            "ID token",
            Some(json!({ "aud": "shop-client", "azp": "shop-client", "nonce": "n", "email": "alice@shop.example" })),
            [Unauthorized; 8],
        ),
        ("no token", None, [Unauthorized; 8]),
    ]
}

#[tokio::test]
async fn every_caller_gets_what_the_table_says_and_nothing_else() {
    let key = TestKey::ed25519("key");
    let server = Server::builder()
        .setting("COFFER_JWT_KEYS", TestKey::key_set(&[&key]))
        .setting("COFFER_VAULT_ISSUERS", ISSUER)
        .setting("COFFER_VAULT_AUDIENCES", AUDIENCE)
        .setting("COFFER_SEARCH_ISSUERS", ISSUER)
        .setting("COFFER_SEARCH_AUDIENCES", "search")
        .start()
        .await;
    let sign = |wanted: &Value| {
        let good = Claims::good().with("iss", json!(ISSUER)).with("aud", json!(AUDIENCE));
        let claims = wanted.as_object().unwrap().iter();
        key.sign(&claims.fold(good, |claims, (name, value)| claims.with(name, value.clone())))
    };
    let owner = server.client(Some(sign(&json!({}))));
    for (who, claims, expected) in rows() {
        let client = server.client(claims.as_ref().map(sign));
        for (operation, expected) in OPERATIONS.into_iter().zip(expected) {
            // Each cell has a secret of its own.
            let name = format!("{operation} by {who}");
            let body = json!({
                "name": name, "data": { "password": PLAINTEXT },
                "read_roles": [{ "id": "readers" }], "write_roles": [{ "id": "writers" }],
            });
            owner.create("alice", &body).await;
            let before = owner.get(&secret_path("alice", &name)).await.expect_status(200).json();
            let reply = send(&client, operation, &name).await;
            let context = format!("{name}: {:?}", reply.body);
            let seen = outcome(&reply, operation, &context);
            // The two answers of 403 differ in that for a missing name alone.
            assert_eq!(seen, if expected == Denied { Forbidden } else { expected }, "{context}");
            assert_eq!(reply.text().contains(PLAINTEXT), expected == Whole, "{context}");
            let missing = send(&client, operation, "no such name").await;
            match expected {
                Unknown | Forbidden | Unauthorized => {
                    assert_eq!(reply.without_ids(), missing.without_ids(), "{context}");
                }
                Denied => assert_eq!(outcome(&missing, operation, &context), Unknown, "{context}"),
                Done | Whole | NoData => {}
            }
            assert_effect(&owner, operation, &name, &before, expected == Done).await;
            for name in [created(&name), created("no such name"), name] {
                owner.delete(&secret_path("alice", &name)).await;
            }
        }
    }
}

/// Name that the operation `create` creates.
fn created(name: &str) -> String {
    format!("{name}, created")
}

async fn send(client: &Client, operation: &str, name: &str) -> Reply {
    let path = secret_path("alice", name);
    match operation {
        "list" => client.get(&secrets_path("alice")).await,
        "create" => client.post(&secrets_path("alice"), json!({ "name": created(name), "data": {} }).to_string()).await,
        "get" => client.get(&path).await,
        "put nothing" => client.put(&path, r#"{"read_roles":null}"#).await,
        "put data" => client.put(&path, r#"{"data":{"new":1}}"#).await,
        "put roles" => client.put(&path, r#"{"read_roles":[{"id":"writers"}]}"#).await,
        "put both" => client.put(&path, r#"{"data":{"new":1},"read_roles":[{"id":"writers"}]}"#).await,
        "delete" => client.delete(&path).await,
        _ => unreachable!("no such operation"),
    }
}

/// The operation changed its object if it was done, and nothing else.
async fn assert_effect(owner: &Client, operation: &str, name: &str, before: &Value, done: bool) {
    let reply = owner.get(&secret_path("alice", name)).await;
    if operation == "delete" && done {
        reply.expect_status(404);
        return;
    }
    let after = reply.expect_status(200).json();
    let mut expected = before.clone();
    if done && operation.starts_with("put") {
        for member in ["updated", "updated_by"] {
            expected[member] = after[member].clone();
        }
    }
    if done && matches!(operation, "put data" | "put both") {
        expected["data"] = json!({ "new": 1 });
    }
    if done && matches!(operation, "put roles" | "put both") {
        expected["read_roles"] = json!([{ "id": "writers", "name": "", "deleted": false }]);
    }
    assert_eq!(after, expected, "{name}");
    let made = owner.get(&secret_path("alice", &created(name))).await;
    made.expect_status(if operation == "create" && done { 200 } else { 404 });
}

/// Outcome of an answer, by its status and all of its body.
fn outcome(reply: &Reply, operation: &str, context: &str) -> Outcome {
    let denied = |message: &str| json!({ "error_code": "PERMISSION_DENIED", "error_message": message });
    let put = operation.starts_with("put");
    match (reply.status, operation) {
        (201, "create") => Done,
        (200, _) if (put || operation == "delete") && reply.body.is_empty() => Done,
        (200, "get") if reply.json()["data"]["password"] == PLAINTEXT => Whole,
        (200, "get") if reply.json().get("data").is_none() => NoData,
        (200, "list") => {
            let items = reply.json()["items"].as_array().unwrap().clone();
            assert!(!items.is_empty());
            let with_data = items.iter().filter(|item| item.get("data").is_some()).count();
            if with_data == items.len() {
                Whole
            } else {
                assert_eq!(with_data, 0, "some items with data and some without");
                NoData
            }
        }
        (404, _) => {
            let body = json!({ "error_code": "GENERAL_ERROR", "error_message": "Secret not found (OBJECT_NOT_FOUND)" });
            reply.expect(404, &body);
            Unknown
        }
        (403, _) => {
            reply.expect(403, &denied("Permission denied"));
            Forbidden
        }
        (401, _) => {
            let message = reply.json()["error_message"].as_str().unwrap().to_owned();
            assert!(message.starts_with("Unauthorized: "), "{context}");
            reply.expect(401, &denied(&message));
            assert_eq!(reply.header("www-authenticate"), "Bearer");
            Unauthorized
        }
        _ => panic!("{context}: {reply:?}"),
    }
}

#[tokio::test]
async fn a_secret_of_another_owner_is_not_reached_through_ones_own_vault() {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "db", "data": { "password": PLAINTEXT } })).await;
    for path in [
        secret_path("bob", "db"),
        "/vault/api/v1/user/bob/secrets/..%2F..%2Falice%2Fsecrets%2Fdb".to_owned(),
        "/vault/api/v1/user/bob%2F..%2Falice/secrets/db".to_owned(),
    ] {
        let reply = server.user("bob").get(&path).await;
        assert_eq!((reply.status, reply.text().contains(PLAINTEXT)), (404, false), "{path}");
    }
}

#[tokio::test]
async fn ids_that_look_alike_are_different_people() {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "db", "data": {} })).await;
    for other in ["Alice", "alice ", " alice", "alicе", "alice\u{301}"] {
        server.user(other).get(&secret_path("alice", "db")).await.expect_status(404);
        server.user(other).delete(&secret_path("alice", "db")).await.expect_status(403);
    }
}
