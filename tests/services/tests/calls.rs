//! Cost of a request: the calls of each endpoint, counted at proxies before all services.

use serde_json::json;

use devstack::examples;
use devstack::sandbox::Function;
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_warm_get_is_one_call", &[Need::Services], a_warm_get_is_one_call),
    ("a_warm_create_is_one_call", &[Need::Services], a_warm_create_is_one_call),
    ("a_warm_update_is_two_calls", &[Need::Services], a_warm_update_is_two_calls),
    ("a_warm_delete_is_one_call", &[Need::Services], a_warm_delete_is_one_call),
    ("a_warm_page_is_two_calls_whatever_its_length", &[Need::Services], a_warm_page_is_two_calls),
    ("a_warm_page_without_secrets_is_one_call", &[Need::Services], a_warm_page_without_secrets_is_one_call),
    ("a_warm_document_is_one_call", &[Need::Services], a_warm_document_is_one_call),
    ("a_refusal_that_needs_no_lookup_calls_nothing", &[Need::Services], a_refusal_that_needs_no_lookup_calls_nothing),
    (
        "a_connection_that_is_opened_early_costs_no_call",
        &[Need::Services],
        a_connection_that_is_opened_early_costs_no_call,
    ),
    (
        "a_function_reads_its_keyring_once_and_its_token_keys_once",
        &[Need::Services],
        a_function_reads_its_keyring_once_and_its_token_keys_once,
    ),
];

const USERS: &str = "/vault/api/v1/user";

/// Makes secrets of a user, beside the function that is watched.
fn seed<'a>(stack: &Stack, user: &str, names: impl IntoIterator<Item = &'a str>) {
    let create = Function::start(stack, "create-secret");
    for name in names {
        let body = json!({ "name": name, "data": {} }).to_string();
        create.call(user, "POST", &format!("{USERS}/{user}/secrets"), body).expect_status(201);
    }
}

/// Sends a request that warms a function up, then others, each of which makes these calls of DynamoDB and no other call
/// to any service.
fn expect_warm(watched: &Watched<'_>, user: &str, requests: &[(&str, &str, &str)], status: u64, expected: &[&str]) {
    let [first, rest @ ..] = requests else { panic!("no request") };
    assert!(!rest.is_empty(), "no request of a warm function");
    for (i, (method, path, body)) in [first].into_iter().chain(rest).enumerate() {
        watched.forget_calls();
        watched.call(user, method, path, body).expect_status(status);
        if i > 0 {
            let calls = watched.dynamodb.take_calls();
            let made: Vec<_> = calls.iter().map(|call| call.action().unwrap_or(&call.path)).collect();
            assert_eq!(made, expected, "request {i}: {method} {path}");
            for other in [&watched.secrets_manager, &watched.opensearch, &watched.key_server] {
                assert_eq!(other.take_calls().len(), 0, "request {i}: {method} {path}");
            }
        }
    }
}

fn a_warm_get_is_one_call(world: &World) {
    let (stack, user) = (world.stack(), "calls-get");
    seed(stack, user, ["db"]);
    let watched = Watched::start(stack, "get-secret");
    let path = format!("{USERS}/{user}/secrets/db");
    expect_warm(&watched, user, &[("GET", path.as_str(), ""); 3], 200, &["GetItem"]);
    // A missing object costs the same as an existing one.
    let missing = format!("{USERS}/{user}/secrets/none");
    expect_warm(&watched, user, &[("GET", missing.as_str(), ""); 2], 404, &["GetItem"]);
}

fn a_warm_create_is_one_call(world: &World) {
    let (stack, user) = (world.stack(), "calls-create");
    let watched = Watched::start(stack, "create-secret");
    let path = format!("{USERS}/{user}/secrets");
    let bodies: Vec<_> = (0..3).map(|i| format!(r#"{{"name":"n{i}","data":{{}}}}"#)).collect();
    let requests: Vec<_> = bodies.iter().map(|body| ("POST", path.as_str(), body.as_str())).collect();
    expect_warm(&watched, user, &requests, 201, &["PutItem"]);
    // A name that is taken is found by the write itself.
    expect_warm(&watched, user, &requests, 400, &["PutItem"]);
}

fn a_warm_update_is_two_calls(world: &World) {
    let (stack, user) = (world.stack(), "calls-update");
    seed(stack, user, ["db"]);
    let watched = Watched::start(stack, "update-secret");
    let path = format!("{USERS}/{user}/secrets/db");
    expect_warm(&watched, user, &[("PUT", path.as_str(), r#"{"data":{"n":1}}"#); 3], 200, &["GetItem", "PutItem"]);
}

fn a_warm_delete_is_one_call(world: &World) {
    let (stack, user) = (world.stack(), "calls-delete");
    let names = ["a", "b", "c"];
    seed(stack, user, names);
    let watched = Watched::start(stack, "delete-secret");
    let paths = names.map(|name| format!("{USERS}/{user}/secrets/{name}"));
    let requests: Vec<_> = paths.iter().map(|path| ("DELETE", path.as_str(), "")).collect();
    expect_warm(&watched, user, &requests, 200, &["DeleteItem"]);
    expect_warm(&watched, user, &requests, 404, &["DeleteItem"]);
}

fn a_warm_page_is_two_calls(world: &World) {
    let (stack, user) = (world.stack(), "calls-list");
    // One more than a page holds.
    let names: Vec<_> = (0..101).map(|i| format!("name-{i:03}")).collect();
    seed(stack, user, names.iter().map(String::as_str));
    let watched = Watched::start(stack, "list-secrets");
    let all = format!("{USERS}/{user}/secrets");
    let page = watched.call(user, "GET", &all, "").expect_status(200).json();
    assert_eq!((&page["count"], page["items"].as_array().unwrap().len()), (&json!(101), 100));
    for query in ["", "?limit=1", "?offset=1&limit=100", "?offset=100"] {
        let path = format!("{all}{query}");
        expect_warm(&watched, user, &[("GET", path.as_str(), ""); 2], 200, &["Query", "BatchGetItem"]);
    }
    // Behind the last name there is nothing to read.
    let behind = format!("{all}?offset=101");
    expect_warm(&watched, user, &[("GET", behind.as_str(), ""); 2], 200, &["Query"]);
}

fn a_warm_page_without_secrets_is_one_call(world: &World) {
    let user = "calls-empty";
    let watched = Watched::start(world.stack(), "list-secrets");
    let path = format!("{USERS}/{user}/secrets");
    expect_warm(&watched, user, &[("GET", path.as_str(), ""); 3], 200, &["Query"]);
}

fn a_warm_document_is_one_call(world: &World) {
    let stack = world.stack();
    stack.runtime().block_on(stack.put_document("roles", "calls-1", r#"{"id":"calls-1"}"#));
    let watched = Watched::start(stack, "get-document");
    for (id, status) in [("calls-1", 200), ("calls-none", 404)] {
        for i in 0..3 {
            watched.forget_calls();
            watched.call("reader", "GET", &format!("/search/roles/{id}"), "").expect_status(status);
            if i > 0 {
                let calls = watched.opensearch.take_calls();
                let calls: Vec<_> = calls.iter().map(|call| (call.method.as_str(), call.path.as_str())).collect();
                assert_eq!(calls, [("GET", format!("/roles/_source/{id}").as_str())]);
                for other in [&watched.dynamodb, &watched.secrets_manager, &watched.key_server] {
                    assert_eq!(other.take_calls().len(), 0, "{id}");
                }
            }
        }
    }
}

fn a_refusal_that_needs_no_lookup_calls_nothing(world: &World) {
    let stack = world.stack();
    let (own, others) = (format!("{USERS}/calls-refused/secrets"), format!("{USERS}/somebody/secrets"));
    let (none, others_none) = (format!("{own}/none"), format!("{others}/none"));
    // A request that warms the function, and those that are refused, each with its status.
    let limit = format!("{own}?limit=0");
    type Rows<'a> = &'a [(&'a str, &'a str, &'a str, u64)];
    let table: [(&str, Rows<'_>); 5] = [
        ("list-secrets", &[("GET", &own, "", 200), ("GET", &others, "", 403), ("GET", &limit, "", 400)]),
        ("create-secret", &[("POST", &own, "{}", 400), ("POST", &others, r#"{"name":"a","data":{}}"#, 403)]),
        ("update-secret", &[("PUT", &none, "{}", 404), ("PUT", &none, "[]", 400)]),
        ("delete-secret", &[("DELETE", &none, "", 404), ("DELETE", &others_none, "", 403)]),
        ("get-document", &[("GET", "/search/roles/none", "", 404), ("GET", "/search/nothing/none", "", 404)]),
    ];
    for (name, requests) in table {
        let watched = Watched::start(stack, name);
        for (i, (method, path, body, status)) in requests.iter().enumerate() {
            watched.call("calls-refused", method, path, body).expect_status(*status);
            let calls: Vec<_> = watched.proxies().iter().flat_map(|proxy| proxy.take_calls()).collect();
            assert!(i == 0 || calls.is_empty(), "{name}: {method} {path}: {calls:?}");
        }
    }
}

fn a_connection_that_is_opened_early_costs_no_call(world: &World) {
    let (stack, user) = (world.stack(), "calls-early");
    seed(stack, user, ["db"]);
    stack.runtime().block_on(stack.put_document("roles", "calls-early", "{}"));
    let secret = format!("{USERS}/{user}/secrets/db");
    for (name, path, table, documents) in
        [("get-secret", secret.as_str(), 1, 0), ("get-document", "/search/roles/calls-early", 0, 1)]
    {
        let watched = Watched::start(stack, name);
        watched.call(user, "GET", path, "").expect_status(200);
        assert_eq!(watched.dynamodb.take_actions(), vec!["GetItem"; table], "{name}");
        assert_eq!(watched.opensearch.take_calls().len(), documents, "{name}");
    }
}

fn a_function_reads_its_keyring_once_and_its_token_keys_once(world: &World) {
    let (stack, user) = (world.stack(), "calls-cold");
    seed(stack, user, ["db"]);
    stack.runtime().block_on(stack.put_document("roles", "calls-2", "{}"));
    let path = |name: &str| match name {
        "list-secrets" | "create-secret" => format!("{USERS}/{user}/secrets"),
        "get-document" => "/search/roles/calls-2".to_owned(),
        _ => format!("{USERS}/{user}/secrets/db"),
    };
    // In the order of the examples a secret is deleted when the others are through with it.
    for (name, method, _, _) in examples::requests(user) {
        let watched = Watched::start(stack, name);
        let (mut keyring, mut key_set) = (Vec::new(), Vec::new());
        for i in 0..20 {
            let body = match name {
                "create-secret" => json!({ "name": format!("n{i}"), "data": {} }).to_string(),
                "update-secret" => json!({ "data": { "n": i } }).to_string(),
                _ => String::new(),
            };
            let answer = watched.call(user, method, &path(name), &body);
            let gone = name == "delete-secret" && i > 0;
            assert_eq!(answer.status >= 400, gone, "{name}: {answer:?}");
            keyring.extend(watched.secrets_manager.take_actions());
            key_set.extend(watched.key_server.take_calls());
        }
        let has_keyring = !matches!(name, "delete-secret" | "get-document");
        assert_eq!(keyring, vec!["GetSecretValue"; usize::from(has_keyring)], "{name}");
        let key_set: Vec<_> = key_set.iter().map(|call| (call.method.as_str(), call.path.as_str())).collect();
        assert_eq!(key_set, [("GET", "/jwks.json")], "{name}");
    }
}
