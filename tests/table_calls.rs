//! Cost of an operation: the calls to the table are counted on their way, one by one.

use serde_json::json;

use crate::support::wire::{Calls, Wire};
use crate::support::{Client, Server, secret_path, secrets_path};

/// A server with alice's secret `db`, with counted calls to the table from here on.
async fn counted() -> (Server, Client, Calls) {
    let calls = Calls::default();
    let noted = calls.clone();
    let server = Server::builder()
        .between(move |table| {
            Wire::new(table, move |call| {
                noted.note(&call);
                call.send()
            })
        })
        .start()
        .await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "db", "data": {} })).await;
    calls.take();
    (server, alice, calls)
}

macro_rules! costs {
    ($($name:ident: $method:literal $path:expr, $body:expr, [$($header:expr)?] => $status:literal $calls:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_server, alice, calls) = counted().await;
            $(let alice = alice.header("if-match", $header);)?
            alice.send($method, &$path, $body).await.expect_status($status);
            let expected: &[&str] = &$calls;
            assert_eq!(calls.take(), expected);
        }
    )*};
}

costs! {
    a_get_is_one_call: "GET" secret_path("alice", "db"), "", [] => 200 ["GetItem"];
    a_create_is_one_call: "POST" secrets_path("alice"), r#"{"name":"new","data":{}}"#, [] => 201 ["PutItem"];
    a_delete_is_one_call: "DELETE" secret_path("alice", "db"), "", [] => 200 ["DeleteItem"];
    an_update_is_two_calls: "PUT" secret_path("alice", "db"), "{}", [] => 200 ["GetItem", "PutItem"];
    a_list_is_two_calls: "GET" secrets_path("alice"), "", [] => 200 ["Query", "BatchGetItem"];

    a_get_of_nothing_is_one_call: "GET" secret_path("alice", "none"), "", [] => 404 ["GetItem"];
    a_create_of_a_taken_name_is_one_call:
        "POST" secrets_path("alice"), r#"{"name":"db","data":{}}"#, [] => 400 ["PutItem"];
    a_delete_of_nothing_is_one_call: "DELETE" secret_path("alice", "none"), "", [] => 404 ["DeleteItem"];
    a_delete_of_another_version_is_one_call:
        "DELETE" secret_path("alice", "db"), "", ["\"other\""] => 412 ["DeleteItem"];
    an_update_of_nothing_is_one_call: "PUT" secret_path("alice", "none"), "{}", [] => 404 ["GetItem"];
    an_update_of_another_version_is_one_call: "PUT" secret_path("alice", "db"), "{}", ["\"other\""] => 412 ["GetItem"];
    a_list_beyond_the_end_is_one_call: "GET" secrets_path("alice") + "?offset=1", "", [] => 200 ["Query"];
}

/// Sends every request of the table, each of which is refused without a look into the table.
async fn refused(client: &Client, status: u16, requests: &[(&str, String, &str)], calls: &Calls) {
    for (method, path, body) in requests {
        let reply = client.send(method, path, (*body).to_owned()).await;
        assert_eq!((reply.status, calls.take()), (status, Vec::new()), "{method} {path} {body}: {:?}", reply.body);
    }
}

/// All five operations on existing objects.
fn all() -> [(&'static str, String, &'static str); 5] {
    [
        ("GET", secrets_path("alice"), ""),
        ("POST", secrets_path("alice"), r#"{"name":"new","data":{}}"#),
        ("GET", secret_path("alice", "db"), ""),
        ("PUT", secret_path("alice", "db"), "{}"),
        ("DELETE", secret_path("alice", "db"), ""),
    ]
}

#[tokio::test]
async fn a_request_without_a_token_asks_nothing() {
    let (server, _, calls) = counted().await;
    refused(&server.anonymous(), 401, &all(), &calls).await;
}

#[tokio::test]
async fn a_request_with_a_broken_token_asks_nothing() {
    let (server, _, calls) = counted().await;
    let token = server.token("alice", &["user"], &[]) + "x";
    refused(&server.client(Some(token)), 401, &all(), &calls).await;
}

#[tokio::test]
async fn a_scope_that_allows_nothing_asks_nothing() {
    let (server, _, calls) = counted().await;
    let [list, create, get, update, delete] = all();
    let mallory = server.with("mallory", &[], &[]);
    refused(&mallory, 403, &[list, create, get, delete], &calls).await;
    // An update is refused like one of a secret that doesn't exist.
    refused(&mallory, 404, &[update], &calls).await;
}

#[tokio::test]
async fn owning_without_a_scope_of_the_vault_asks_nothing() {
    let (server, _, calls) = counted().await;
    for scopes in [[].as_slice(), &["sp:search:read", "sp:scopes:all"]] {
        refused(&server.with("alice", scopes, &[]), 403, &all(), &calls).await;
        refused(&server.with("alice", scopes, &["readers"]), 403, &all(), &calls).await;
    }
}

#[tokio::test]
async fn owning_without_the_scope_to_read_asks_nothing() {
    let (server, _, calls) = counted().await;
    let [_, _, get, _, _] = all();
    refused(&server.with("alice", &["owner", "vaultAdd", "vaultManage"], &[]), 403, &[get], &calls).await;
}

#[tokio::test]
async fn a_caller_who_owns_nothing_there_and_holds_no_role_asks_nothing() {
    let (server, _, calls) = counted().await;
    let requests: Vec<_> = ["db", "none"]
        .into_iter()
        .flat_map(|name| {
            let path = secret_path("alice", name);
            [("GET", path.clone(), ""), ("PUT", path.clone(), "{}"), ("PUT", path, r#"{"read_roles":[]}"#)]
        })
        .collect();
    for scopes in [["user"].as_slice(), &["user", "owner", "vaultAdd", "vaultManage"]] {
        refused(&server.with("mallory", scopes, &[]), 404, &requests, &calls).await;
    }
}

#[tokio::test]
async fn a_path_that_names_nothing_asks_nothing() {
    let (_server, alice, calls) = counted().await;
    let mut requests = Vec::new();
    for name in ["%ff", "%2E%2E", "a%00", "%zz", &"n".repeat(513)] {
        let path = format!("{}/{name}", secrets_path("alice"));
        requests.extend([("GET", path.clone(), ""), ("PUT", path.clone(), "{}"), ("DELETE", path, "")]);
    }
    refused(&alice, 400, &requests, &calls).await;
}

#[tokio::test]
async fn a_bad_body_asks_nothing() {
    let (_server, alice, calls) = counted().await;
    let bodies = ["", "nope", "[]", r#"{"data":[]}"#, r#"{"data":{},"read_roles":[{}]}"#];
    let requests = bodies
        .iter()
        .flat_map(|body| [("POST", secrets_path("alice"), *body), ("PUT", secret_path("alice", "db"), *body)]);
    refused(&alice, 400, &requests.collect::<Vec<_>>(), &calls).await;
    let foreign = r#"{"name":"new","data":{},"owner_id":"bob"}"#;
    refused(&alice, 400, &[("POST", secrets_path("alice"), foreign)], &calls).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_asks_nothing() {
    let (_server, alice, calls) = counted().await;
    let body = format!("{{\"name\":\"new\",\"data\":{{}}{}}}", " ".repeat(1024 * 1024));
    let requests = [("POST", secrets_path("alice"), body.as_str()), ("PUT", secret_path("alice", "db"), &body)];
    refused(&alice, 413, &requests, &calls).await;
}

#[tokio::test]
async fn a_bad_page_asks_nothing() {
    let (_server, alice, calls) = counted().await;
    let pages = ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=", "limit=1&limit=2"];
    let requests = pages.map(|page| ("GET", format!("{}?{page}", secrets_path("alice")), ""));
    refused(&alice, 400, &requests, &calls).await;
}

#[tokio::test]
async fn a_bad_condition_asks_nothing() {
    let (_server, alice, calls) = counted().await;
    let requests = [("PUT", secret_path("alice", "db"), "{}"), ("DELETE", secret_path("alice", "db"), "")];
    refused(&alice.header("if-match", "no quotes"), 400, &requests, &calls).await;
}

#[tokio::test]
async fn an_unknown_route_or_method_asks_nothing() {
    let (_server, alice, calls) = counted().await;
    refused(&alice, 404, &[("GET", "/vault/api/v1/user/alice".to_owned(), "")], &calls).await;
    refused(&alice, 405, &[("PATCH", secret_path("alice", "db"), "{}")], &calls).await;
}
