//! The vault's table of errors, for each operation: no token, no permission, no such route or method; and the shape
//! that all of them have.

use serde_json::{Value, json};

use crate::support::{Client, Reply, Server, fault, fault_at, secret_path, secrets_path};

/// The five operations on alice's secret `n`: method, path and body.
fn operations() -> [(&'static str, String, &'static str); 5] {
    [
        ("GET", secrets_path("alice"), ""),
        ("POST", secrets_path("alice"), r#"{"name":"m","data":{}}"#),
        ("GET", secret_path("alice", "n"), ""),
        ("PUT", secret_path("alice", "n"), r#"{"data":{}}"#),
        ("DELETE", secret_path("alice", "n"), ""),
    ]
}

/// Answers of each operation to this client, on a server where alice has the secret `n`.
async fn answers(server: &Server, client: &Client) -> Vec<Reply> {
    server.user("alice").create("alice", &json!({ "name": "n", "data": { "k": 1 } })).await;
    let mut replies = Vec::new();
    for (method, path, body) in operations() {
        replies.push(client.send(method, &path, body).await);
    }
    // Nothing was done, with any answer.
    let alice = server.user("alice");
    assert_eq!(alice.get(&secret_path("alice", "n")).await.expect_status(200).json()["data"], json!({ "k": 1 }));
    assert_eq!(alice.get(&secrets_path("alice")).await.expect_status(200).json()["count"], 1);
    replies
}

#[tokio::test]
async fn every_operation_refuses_a_caller_without_a_token() {
    let server = Server::start().await;
    for reply in answers(&server, &server.anonymous()).await {
        reply.expect(401, &fault("PERMISSION_DENIED", "Unauthorized: no authorization header"));
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn every_operation_refuses_a_token_that_is_none() {
    let server = Server::start().await;
    for reply in answers(&server, &server.client(Some("a-proper-token-goes-here".to_owned()))).await {
        reply.expect(401, &fault("PERMISSION_DENIED", "Unauthorized: JWT is malformed"));
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn list_create_get_and_delete_refuse_a_caller_without_the_scope() {
    let server = Server::start().await;
    let replies = answers(&server, &server.with("bob", &["hostsManage"], &[])).await;
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [403, 403, 403, 404, 403]);
    for reply in replies.iter().filter(|reply| reply.status == 403) {
        // A 401 would make one SDK send the request again, without its body.
        reply.expect(403, &fault("PERMISSION_DENIED", "Permission denied"));
        assert!(!reply.headers.contains_key("www-authenticate"));
    }
    // A secret hidden from bob doesn't exist for him; a reader without the right to change it is told so, in
    // vault_update.rs.
    replies[3].expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
}

// Routes and methods.

#[tokio::test]
async fn a_path_that_is_no_route_is_an_error_of_the_vault() {
    let server = Server::start().await;
    for path in [
        "/nowhere",
        "/vault",
        "/vault/",
        "/vault/api/v1/user/alice",
        "/vault/api/v1/user/alice/secret",
        "/vault/api/v1/users/alice/secrets",
        "/vault/api/v2/user/alice/secrets",
        "/Vault/api/v1/user/alice/secrets",
        "/vault/api/v1/user/alice/secrets/a/b",
        "//vault/api/v1/user/alice/secrets",
        "/vault/api/v1/user/alice/x/secrets",
    ] {
        for client in [server.user("alice"), server.anonymous()] {
            let reply = client.get(path).await;
            reply.expect(404, &fault("GENERAL_ERROR", "No such resource"));
        }
    }
}

#[tokio::test]
async fn a_method_that_a_list_does_not_have_is_refused_with_those_it_has() {
    let server = Server::start().await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let reply = server.user("alice").send(method, &secrets_path("alice"), "").await;
        reply.expect(405, &fault("GENERAL_ERROR", "Method not allowed; this resource has GET, POST"));
        assert_eq!(reply.header("allow"), "GET, POST");
    }
}

#[tokio::test]
async fn a_method_that_a_secret_does_not_have_is_refused_with_those_it_has() {
    let server = Server::start().await;
    for method in ["POST", "PATCH", "OPTIONS", "get"] {
        let reply = server.user("alice").send(method, &secret_path("alice", "n"), "").await;
        reply.expect(405, &fault("GENERAL_ERROR", "Method not allowed; this resource has GET, PUT, DELETE"));
        assert_eq!(reply.header("allow"), "GET, PUT, DELETE");
    }
}

#[tokio::test]
async fn head_is_refused_and_has_no_body() {
    let server = Server::start().await;
    let reply = server.user("alice").send("HEAD", &secrets_path("alice"), "").await;
    assert_eq!((reply.expect_status(405).text(), reply.header("allow")), ("", "GET, POST"));
}

// Refusals of the gateway itself.

#[tokio::test]
async fn headers_that_are_too_large_are_refused_in_the_vaults_shape() {
    let server = Server::start().await;
    let client = server.user("alice").header("x-large", &"x".repeat(10_240));
    let reply = client.get(&secrets_path("alice")).await;
    reply.expect(413, &fault("VALUE_OUT_OF_BOUNDS", "The request has more than 10240 bytes"));
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_refused_in_the_vaults_shape() {
    let server = Server::start().await;
    let client = server.user("alice").header("authorization", "Bearer other");
    let reply = client.get(&secrets_path("alice")).await;
    let message = "The header authorization is there more than once";
    reply.expect(400, &fault_at("INVALID_REQUEST_DATA", "request", message));
}

// The shape.

/// The error codes of the contract.
const CODES: [&str; 16] = [
    "GENERAL_ERROR",
    "BAD_REQUEST",
    "PERMISSION_DENIED",
    "INVALID_REQUEST_DATA",
    "REQUIRED_VALUE_MISSING",
    "VALUE_OUT_OF_BOUNDS",
    "VALUE_INCORRECT_TYPE",
    "VALUE_INCORRECT_FORMAT",
    "VALUE_DUPLICATE",
    "CONFIGURATION_ERROR",
    "OUT_OF_RESOURCES",
    "MAX_LOAD",
    "TOO_MANY_CONNECTIONS",
    "DATABASE_ERROR",
    "CACHE_ERROR",
    "INTRA_SERVICE_COMMUNICATION_ERROR",
];

/// Holds an error against the documented schema, details and all.
fn is_error(value: &Value) {
    let members = value.as_object().unwrap();
    let code = members["error_code"].as_str().unwrap();
    assert!(CODES.contains(&code), "{value}");
    assert!(!members["error_message"].as_str().unwrap().is_empty(), "{value}");
    for (name, member) in members {
        match name.as_str() {
            "error_code" | "error_message" => {}
            "property" => assert!(!member.as_str().unwrap().is_empty(), "{value}"),
            "details" => {
                let details = member.as_array().unwrap();
                assert!(!details.is_empty(), "{value}");
                details.iter().for_each(is_error);
            }
            _ => panic!("{name} in {value}"),
        }
    }
}

#[tokio::test]
async fn every_error_has_an_error_code_and_the_documented_shape() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "n", "data": {} })).await;
    let (list, one) = (secrets_path("alice"), secret_path("alice", "n"));
    let stale = alice.clone().header("if-match", "\"0\"");
    let replies = [
        alice.post(&list, "").await,
        alice.post(&list, "{}").await,
        alice.post(&list, r#"{"name":"n","data":{}}"#).await,
        alice.get(&format!("{list}?limit=x")).await,
        alice.get("/vault/api/v1/user/alice/secrets/%ff").await,
        server.anonymous().get(&one).await,
        server.user("bob").get(&list).await,
        alice.get(&secret_path("alice", "none")).await,
        alice.get("/vault/none").await,
        alice.send("PATCH", &one, "{}").await,
        stale.delete(&one).await,
        alice.put(&one, vec![b' '; 400_000]).await,
    ];
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [400, 400, 400, 400, 400, 401, 403, 404, 404, 405, 412, 413]);
    for reply in replies {
        assert_eq!(reply.header("content-type"), "application/json");
        is_error(&reply.json());
    }
}
