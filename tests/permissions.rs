//! Who may do what: one table of callers and operations, with the status and what of the secret the answer holds.
//! Where a caller may not know whether a secret exists, the answer is held against that for a name that doesn't.

use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

use crate::support::{Claims, Client, Reply, Server, TestKey, secret_path, secrets_path};

/// What an operation does for a caller.
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
    /// 403.
    Forbidden,
    /// 401.
    Unauthorized,
}

use Outcome::{Done, Forbidden, NoData, Unauthorized, Unknown, Whole};

/// A caller, and what list, create, get, update and delete do for him.
type Row = (&'static str, Option<Value>, [Outcome; 5]);

const PLAINTEXT: &str = "the plaintext";

fn rows() -> Vec<Row> {
    let holder =
        |user: &str, scopes: &str, roles: &[&str]| Some(json!({ "sub": user, "scope": scopes, "roles": roles }));
    let expired = Some(json!({ "sub": "alice", "scope": "user", "exp": get_current_timestamp() - 3600 }));
    vec![
        ("owner", holder("alice", "user", &[]), [Whole, Done, Whole, Done, Done]),
        ("owner without scopes", holder("alice", "", &[]), [Whole, Done, Forbidden, Done, Done]),
        ("other user", holder("bob", "user", &[]), [Forbidden, Forbidden, Unknown, Unknown, Forbidden]),
        (
            "holder of another role",
            holder("bob", "user", &["other"]),
            [Forbidden, Forbidden, Unknown, Unknown, Forbidden],
        ),
        ("read-role holder", holder("bob", "user", &["readers"]), [Forbidden, Forbidden, Whole, Forbidden, Forbidden]),
        ("write-role holder", holder("bob", "user", &["writers"]), [Forbidden, Forbidden, NoData, Done, Forbidden]),
        (
            "holder of both roles",
            holder("bob", "user", &["writers", "readers"]),
            [Forbidden, Forbidden, Whole, Done, Forbidden],
        ),
        ("admin", holder("bob", "admin", &[]), [Forbidden, Done, Whole, Forbidden, Done]),
        ("vaultManage", holder("bob", "vaultManage", &[]), [NoData, Done, Forbidden, Unknown, Done]),
        ("vaultAdd", holder("bob", "vaultAdd", &[]), [Forbidden, Done, Forbidden, Unknown, Forbidden]),
        ("user and vaultManage", holder("bob", "user vaultManage", &[]), [NoData, Done, Unknown, Unknown, Done]),
        ("token without scopes", holder("bob", "", &[]), [Forbidden, Forbidden, Forbidden, Unknown, Forbidden]),
        (
            "read role without scopes",
            holder("bob", "", &["readers"]),
            [Forbidden, Forbidden, Forbidden, Unknown, Forbidden],
        ),
        (
            "write role without scopes",
            holder("bob", "", &["writers"]),
            [Forbidden, Forbidden, Forbidden, Done, Forbidden],
        ),
        (
            "scopes of another service",
            holder("bob", "hostsManage service owner", &[]),
            [Forbidden, Forbidden, Forbidden, Unknown, Forbidden],
        ),
        ("expired token", expired, [Unauthorized; 5]),
        ("no token", None, [Unauthorized; 5]),
    ]
}

#[tokio::test]
async fn every_caller_gets_what_the_table_says_and_nothing_else() {
    let key = TestKey::ed25519("key");
    let server = Server::builder().setting("COFFER_JWT_KEYS", TestKey::key_set(&[&key])).start().await;
    let sign = |wanted: &Value| {
        let claims = wanted.as_object().unwrap().iter();
        key.sign(&claims.fold(Claims::good(), |claims, (name, value)| claims.with(name, value.clone())))
    };
    let owner = server.client(Some(sign(&json!({ "sub": "alice" }))));
    for (who, claims, expected) in rows() {
        let client = server.client(claims.as_ref().map(sign));
        // Each caller has a secret of his own to change and to delete.
        let name = format!("of the {who}");
        let body = json!({
            "name": name, "data": { "password": PLAINTEXT },
            "read_roles": [{ "id": "readers" }], "write_roles": [{ "id": "writers" }],
        });
        owner.create("alice", &body).await;
        for (operation, expected) in OPERATIONS.into_iter().zip(expected) {
            let reply = send(&client, operation, &name).await;
            let context = format!("{operation} by {who}: {:?}", reply.body);
            assert_eq!(outcome(&reply, operation), expected, "{context}");
            assert_eq!(reply.text().contains(PLAINTEXT), expected == Whole, "{context}");
            let decided_blindly = matches!(expected, Unknown | Unauthorized)
                || (expected == Forbidden && !matches!((who, operation), ("admin" | "read-role holder", "update")));
            if decided_blindly {
                let missing = send(&client, operation, "no such name").await;
                assert_eq!(reply.without_ids(), missing.without_ids(), "{context}");
            }
        }
    }
}

const OPERATIONS: [&str; 5] = ["list", "create", "get", "update", "delete"];

async fn send(client: &Client, operation: &str, name: &str) -> Reply {
    let path = secret_path("alice", name);
    match operation {
        "list" => client.get(&secrets_path("alice")).await,
        "create" => {
            let body = json!({ "name": format!("{name}, created"), "data": {} });
            client.post(&secrets_path("alice"), body.to_string()).await
        }
        "get" => client.get(&path).await,
        "update" => client.put(&path, r#"{"read_roles":null}"#).await,
        "delete" => client.delete(&path).await,
        _ => unreachable!("no such operation"),
    }
}

/// What an answer is, by its status and all of its body.
fn outcome(reply: &Reply, operation: &str) -> Outcome {
    let denied = |message: &str| json!({ "error_code": "PERMISSION_DENIED", "error_message": message });
    match (reply.status, operation) {
        (201, "create") => Done,
        (200, "update" | "delete") if reply.body.is_empty() => Done,
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
            assert!(["Unauthorized: JWT is expired", "Unauthorized: no authorization header"].contains(&&*message));
            reply.expect(401, &denied(&message));
            assert_eq!(reply.header("www-authenticate"), "Bearer");
            Unauthorized
        }
        _ => panic!("{operation}: {reply:?}"),
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
