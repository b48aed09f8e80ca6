//! Runs that meet every path of an endpoint, and the actions that its function asked for on them, as IAM names them.

use std::collections::BTreeSet;

use bytes::Bytes;
use local::tokens::Grant;
use serde_json::json;

use devstack::proxy::{Call, Fault};
use devstack::queue::Message;
use devstack::sandbox::event_of;
use devstack::sandbox::{Answer, Function};
use devstack::stack::{Stack, TABLE};
use devstack::watched::Watched;
use shared::names::IndexName;

/// A function and the owner in its requests.
struct Run<'a> {
    stack: &'a Stack,
    watched: Watched<'a>,
    user: &'static str,
}

/// Name of an AWS action in IAM; `None` for a request that asks for none.
fn iam(call: &Call) -> Option<String> {
    let (service, action) = call.header("x-amz-target")?.split_once('.')?;
    let service = match service {
        "DynamoDB_20120810" => "dynamodb",
        "secretsmanager" => "secretsmanager",
        other => panic!("a call of {other}"),
    };
    Some(format!("{service}:{action}"))
}

impl<'a> Run<'a> {
    fn new(stack: &'a Stack, function: &str, user: &'static str) -> Self {
        Self { stack, watched: Watched::start(stack, function), user }
    }

    fn secrets(&self) -> String {
        format!("/vault/api/v1/user/{}/secrets", self.user)
    }

    fn secret(&self, name: &str) -> String {
        format!("{}/{name}", self.secrets())
    }

    /// A request of the owner.
    fn own(&self, method: &str, path: &str, body: &str) -> Answer {
        self.watched.call(self.user, method, path, body)
    }

    /// A request of somebody else, with these scopes and roles and these headers.
    fn other(&self, scopes: &[&str], roles: &[&str], headers: &[(&str, &str)], request: (&str, &str, &str)) -> Answer {
        self.request("policy-somebody", scopes, roles, headers, request)
    }

    /// A request of the owner with this header.
    fn own_with(&self, header: (&str, &str), request: (&str, &str, &str)) -> Answer {
        self.request(self.user, &["user"], &[], &[header], request)
    }

    fn request(
        &self,
        user: &str,
        scopes: &[&str],
        roles: &[&str],
        headers: &[(&str, &str)],
        (method, path, body): (&str, &str, &str),
    ) -> Answer {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let grant = Grant {
            user: user.to_owned(),
            scopes: words(scopes),
            roles: words(roles),
            authorities: Vec::new(),
            lifetime: std::time::Duration::from_secs(600),
        };
        self.watched.function.invoke(&event_of(
            &self.stack.key().sign(&grant).unwrap(),
            method,
            path,
            headers,
            body.to_owned(),
        ))
    }

    /// Makes secrets of the owner, beside the function that is watched. Holders of the role `r` can read them, of `w`
    /// write.
    fn seed(&self, names: &[&str]) {
        let create = Function::start(self.stack, "create-secret");
        for name in names {
            let body = json!({
                "name": name, "data": {}, "read_roles": [{ "id": "r" }], "write_roles": [{ "id": "w" }],
            });
            create.call(self.user, "POST", &self.secrets(), body.to_string()).expect_status(201);
        }
    }

    /// Makes a secret that is sealed with a key that the function's keyring doesn't hold, and asks for it: the function
    /// looks whether its keyring has that key by now.
    fn meet_an_unknown_key(&self, method: &str, path: &str, body: &str) {
        let (other, key) = ("coffer/policies", "a-key-that-no-other-keyring-holds-0123456789-abcdefghij");
        let text = json!({ "v": 1, "current": "policies", "keys": { "policies": key } }).to_string();
        self.stack.runtime().block_on(self.stack.make_secret(other, &text));
        let create = Function::start_with(self.stack, "create-secret", &[("COFFER_KEYRING_SECRET", other)]);
        create.call(self.user, "POST", &self.secrets(), r#"{"name":"unknown","data":{}}"#).expect_status(201);
        let known = self.watched.secrets_manager.take_actions();
        assert_eq!(known, ["GetSecretValue"]);
        let answer = self.own(method, path, body);
        assert_eq!(answer.expect_status(500).json()["error_code"], "CONFIGURATION_ERROR");
    }

    /// All actions of AWS that were asked for.
    fn actions(&self) -> BTreeSet<String> {
        let calls = [&self.watched.dynamodb, &self.watched.secrets_manager].map(|proxy| proxy.take_calls());
        assert!(self.watched.opensearch.take_calls().is_empty());
        calls.iter().flatten().filter_map(iam).collect()
    }
}

/// One call fails as that of a table that is short of capacity, and is repeated.
fn throttle_once(run: &Run<'_>, action: &str) {
    run.watched.dynamodb.fail_action(action, refusal("ThrottlingException"), 1);
}

fn refusal(kind: &str) -> Fault {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "no" }).to_string();
    Fault::Answer { status: 400, headers: vec![header("application/x-amz-json-1.0")], body: body.into() }
}

fn header(content_type: &str) -> (String, String) {
    ("content-type".to_owned(), content_type.to_owned())
}

pub(super) fn list(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "list-secrets", "policy-list");
    let all = run.secrets();
    run.own("GET", &all, "").expect_status(200);
    run.seed(&["a", "b", "c"]);
    for query in ["", "?limit=2", "?limit=2&offset=2", "?offset=9"] {
        run.own("GET", &format!("{all}{query}"), "").expect_status(200);
    }
    run.own("GET", &format!("{all}?limit=0"), "").expect_status(400);
    run.other(&["vaultManage"], &[], &[], ("GET", &all, "")).expect_status(200);
    run.other(&["user"], &[], &[], ("GET", &all, "")).expect_status(403);
    throttle_once(&run, "Query");
    run.own("GET", &all, "").expect_status(200);
    // A batch read that leaves a key over, which is asked for again.
    let key = json!({ "owner": { "S": run.user }, "name": { "S": "a" } });
    let left = json!({ "Responses": {}, "UnprocessedKeys": { TABLE: { "Keys": [key], "ConsistentRead": true } } });
    let body = Bytes::from(left.to_string());
    let answer = Fault::Answer { status: 200, headers: vec![header("application/x-amz-json-1.0")], body };
    run.watched.dynamodb.fail_action("BatchGetItem", answer, 1);
    let page = run.own("GET", &all, "").expect_status(200).json();
    assert_eq!((&page["count"], &page["items"][0]["name"]), (&json!(3), &json!("a")));
    run.meet_an_unknown_key("GET", &all, "");
    run.actions()
}

pub(super) fn create(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "create-secret", "policy-create");
    let all = run.secrets();
    run.own("POST", &all, r#"{"name":"a","data":{},"read_roles":[{"id":"r"}]}"#).expect_status(201);
    run.own("POST", &all, r#"{"name":"a","data":{}}"#).expect_status(400);
    run.own("POST", &all, "{}").expect_status(400);
    for scope in ["admin", "vaultManage", "vaultAdd"] {
        let body = json!({ "name": scope, "data": {} }).to_string();
        run.other(&[scope], &[], &[], ("POST", &all, &body)).expect_status(201);
    }
    run.other(&["user"], &[], &[], ("POST", &all, r#"{"name":"b","data":{}}"#)).expect_status(403);
    throttle_once(&run, "PutItem");
    run.own("POST", &all, r#"{"name":"c","data":{}}"#).expect_status(201);
    run.actions()
}

pub(super) fn get(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "get-secret", "policy-get");
    run.seed(&["a"]);
    let (path, none) = (run.secret("a"), run.secret("none"));
    run.own("GET", &path, "").expect_status(200);
    run.own("GET", &none, "").expect_status(404);
    run.own("GET", &run.secret("%FF"), "").expect_status(400);
    let others: [(&[&str], &[&str], u64); 5] = [
        (&[], &[], 403),
        (&["user"], &[], 404),
        (&["user"], &["r"], 200),
        (&["user"], &["w"], 200),
        (&["admin"], &[], 200),
    ];
    for (scopes, roles, status) in others {
        run.other(scopes, roles, &[], ("GET", &path, "")).expect_status(status);
    }
    throttle_once(&run, "GetItem");
    run.own("GET", &path, "").expect_status(200);
    run.meet_an_unknown_key("GET", &run.secret("unknown"), "");
    run.actions()
}

pub(super) fn update(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "update-secret", "policy-update");
    run.seed(&["a"]);
    let (path, none, body) = (run.secret("a"), run.secret("none"), r#"{"data":{"n":1}}"#);
    let tag = run.own("PUT", &path, body).expect_status(200).headers["etag"].clone();
    run.own("PUT", &none, body).expect_status(404);
    run.own("PUT", &path, "[]").expect_status(400);
    run.own("PUT", &path, r#"{"read_roles":[{"id":"r"}],"write_roles":null}"#).expect_status(200);
    for (roles, status) in [([].as_slice(), 404), (&["r"], 403), (&["w"], 200)] {
        run.other(&["user"], roles, &[], ("PUT", &path, body)).expect_status(status);
    }
    run.own_with(("if-match", &tag), ("PUT", &path, body)).expect_status(412);
    run.own_with(("if-match", "*"), ("PUT", &path, body)).expect_status(200);
    // Somebody else writes between the read and the write, which are then made anew.
    run.watched.dynamodb.take_calls();
    run.watched.dynamodb.fail_action("PutItem", refusal("ConditionalCheckFailedException"), 1);
    run.own("PUT", &path, body).expect_status(200);
    let calls = run.watched.dynamodb.take_calls();
    let calls: Vec<_> = calls.iter().filter_map(Call::action).collect();
    assert_eq!(calls, ["GetItem", "PutItem", "GetItem", "PutItem"]);
    throttle_once(&run, "PutItem");
    run.own("PUT", &path, body).expect_status(200);
    run.meet_an_unknown_key("PUT", &run.secret("unknown"), body);
    run.actions()
}

pub(super) fn delete(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "delete-secret", "policy-delete");
    run.seed(&["a", "b", "c", "d"]);
    run.own("DELETE", &run.secret("a"), "").expect_status(200);
    run.own("DELETE", &run.secret("a"), "").expect_status(404);
    run.other(&["user"], &[], &[], ("DELETE", &run.secret("b"), "")).expect_status(403);
    run.other(&["vaultManage"], &[], &[], ("DELETE", &run.secret("b"), "")).expect_status(200);
    let stale = format!("\"1-{}\"", "0".repeat(32));
    run.own_with(("if-match", &stale), ("DELETE", &run.secret("c"), "")).expect_status(412);
    run.own_with(("if-match", "*"), ("DELETE", &run.secret("c"), "")).expect_status(200);
    throttle_once(&run, "DeleteItem");
    run.own("DELETE", &run.secret("d"), "").expect_status(200);
    run.actions()
}

/// Names in IAM of these requests to OpenSearch: its permissions are named by the method.
fn of_opensearch(calls: &[Call]) -> BTreeSet<String> {
    let methods = calls.iter().map(|call| call.method.to_ascii_lowercase());
    methods.map(|method| format!("es:ESHttp{}{}", method[..1].to_ascii_uppercase(), &method[1..])).collect()
}

/// Every way that a message can go.
pub(super) fn sync(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "sync-documents", "policy-sync");
    let change = |index: IndexName, operation: &str, version: u64, document: &str| {
        let (id, index) = ("policy-sync", index.as_str());
        Message::new(format!(
            r#"{{"index":"{index}","operation":"{operation}","id":"{id}","version":{version},"document":{document}}}"#
        ))
    };
    let deliver = |messages: &[Message]| run.watched.function.deliver(messages).len();
    let document = r#"{"id":"policy-sync"}"#;
    let deep = format!(r#"{{"id":"policy-sync","a":{}{}}}"#, "[".repeat(1100), "]".repeat(1100));
    // The time, for the documents may be there from an earlier run.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let version = u64::try_from(now.as_millis()).unwrap();
    for index in IndexName::ALL {
        let put = change(index, "upsert", version, document);
        run.watched.opensearch.fail_times(Fault::Answer { status: 429, headers: Vec::new(), body: Bytes::new() }, 1);
        assert_eq!(deliver(std::slice::from_ref(&put)), 1);
        assert_eq!(deliver(&[put.clone(), change(index, "upsert", version - 1, document)]), 0);
        assert_eq!(deliver(&[put]), 0);
        assert_eq!(deliver(&[change(index, "upsert", version + 1, &deep), Message::new("")]), 2);
        assert_eq!(deliver(&[change(index, "delete", version + 2, "null")]), 0);
    }
    let calls = run.watched.opensearch.take_calls();
    let known = IndexName::ALL.map(|index| format!("/{index}/_bulk?"));
    assert!(calls.iter().all(|call| known.iter().any(|path| call.path.starts_with(path))), "{calls:?}");
    let mut actions = run.actions();
    actions.extend(of_opensearch(&calls));
    actions
}

pub(super) fn document(stack: &Stack) -> BTreeSet<String> {
    let run = Run::new(stack, "get-document", "policy-document");
    let ask = |path: &str, status| run.own("GET", path, "").expect_status(status).status;
    stack.runtime().block_on(stack.put_document("events", "policy-1", "{}"));
    ask("/search/events/policy-none", 404);
    // The request that opened the first connection is no reading of a document.
    run.watched.opensearch.take_calls();
    ask("/search/events/policy-1", 200);
    ask("/search/events/policy-none", 404);
    ask("/search/nothing/policy-1", 404);
    ask("/search/events/%FF", 400);
    run.watched.opensearch.fail_times(Fault::Answer { status: 429, headers: Vec::new(), body: Bytes::new() }, 1);
    ask("/search/events/policy-1", 429);
    ask("/search/events/policy-1", 200);
    let calls = run.watched.opensearch.take_calls();
    assert!(calls.iter().all(|call| call.path.starts_with("/events/_source/policy-")), "{calls:?}");
    let mut actions = run.actions();
    actions.extend(of_opensearch(&calls));
    actions
}
