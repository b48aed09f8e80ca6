//! A table that answers late, wrongly or not at all: the result is known all the same, and a failure is reported. A
//! test stands on the way between the SDK and the table, and breaks it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use crate::support::wire::{Call, Calls, Outcome, Wire, refusal};
use crate::support::{Client, Reply, Server, secret_path, secrets_path};

fn path() -> String {
    secret_path("alice", "db")
}

/// Loss or refusal of a call or its answer.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Timeout,
    Io,
    InternalServerError,
    Throttled(&'static str),
    Denied,
}

impl Fault {
    fn outcome(self) -> Outcome {
        match self {
            Self::Timeout => Err(ConnectorError::timeout("no answer in time".into())),
            Self::Io => Err(ConnectorError::io("connection refused".into())),
            Self::InternalServerError => refusal(500, "InternalServerError"),
            Self::Throttled(kind) => refusal(400, kind),
            Self::Denied => refusal(400, "AccessDeniedException"),
        }
    }
}

/// Operations that fail, and how.
struct Failing {
    operations: Vec<&'static str>,
    fault: Fault,
}

/// Faults on the way, until they are cleared.
#[derive(Clone, Default)]
struct Broken {
    /// The call of this operation reaches the table, and its answer is lost; once.
    lose: Arc<Mutex<Option<(&'static str, Fault)>>>,
    /// Calls of these operations fail before they reach the table; each time.
    fail: Arc<Mutex<Option<Failing>>>,
    calls: Calls,
}

impl Broken {
    async fn start(&self) -> (Server, Client) {
        let broken = self.clone();
        let server = Server::builder()
            .between(move |table| Wire::new(table, move |call| broken.clone().pass(call)))
            .start()
            .await;
        let alice = server.user("alice");
        (server, alice)
    }

    async fn pass(self, call: Call) -> Outcome {
        self.calls.note(&call);
        let failing = match &*self.fail.lock().unwrap() {
            Some(failing) if failing.operations.contains(&call.operation.as_str()) => Some(failing.fault),
            _ => None,
        };
        if let Some(fault) = failing {
            return fault.outcome();
        }
        let lost = self.lose.lock().unwrap().take_if(|(operation, _)| *operation == call.operation);
        let outcome = call.send().await;
        lost.map_or(outcome, |(_, fault)| fault.outcome())
    }

    fn lose_one(&self, operation: &'static str, fault: Fault) {
        *self.lose.lock().unwrap() = Some((operation, fault));
        self.calls.take();
    }

    fn fail(&self, operations: &[&'static str], fault: Fault) {
        *self.fail.lock().unwrap() = Some(Failing { operations: operations.to_vec(), fault });
    }

    fn clear(&self) {
        *self.fail.lock().unwrap() = None;
    }

    /// Holds that the answer was lost and the call repeated.
    fn expect_calls(&self, operations: &[&str]) {
        assert!(self.lose.lock().unwrap().is_none(), "no answer was lost");
        assert_eq!(self.calls.take(), operations);
    }
}

async fn create(client: &Client, data: Value) -> Reply {
    client.post(&secrets_path("alice"), json!({ "name": "db", "data": data }).to_string()).await
}

async fn update(client: &Client, data: Value) -> Reply {
    client.put(&path(), json!({ "data": data }).to_string()).await
}

async fn a_create_that_lost_its_answer(fault: Fault) {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    broken.lose_one("PutItem", fault);
    let reply = create(&alice, json!({ "k": 1 })).await;
    reply.expect(201, &json!({ "name": "db" }));
    broken.expect_calls(&["PutItem", "PutItem"]);
    let page = alice.get(&secrets_path("alice")).await.json();
    assert_eq!((&page["count"], &page["items"][0]["data"]), (&json!(1), &json!({ "k": 1 })));
    assert_eq!(alice.get(&path()).await.header("etag"), reply.header("etag"));
}

async fn an_update_that_lost_its_answer(fault: Fault) {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    create(&alice, json!({ "k": 1 })).await.expect_status(201);
    broken.lose_one("PutItem", fault);
    let reply = update(&alice, json!({ "k": 2 })).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    broken.expect_calls(&["GetItem", "PutItem", "PutItem"]);
    let now = alice.get(&path()).await;
    assert_eq!(now.json()["data"], json!({ "k": 2 }));
    assert_eq!(now.header("etag"), reply.header("etag"));
    assert!(now.header("etag").starts_with("\"2-"), "applied once: {}", now.header("etag"));
}

async fn a_delete_that_lost_its_answer(fault: Fault) {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    create(&alice, json!({})).await.expect_status(201);
    broken.lose_one("DeleteItem", fault);
    let reply = alice.delete(&path()).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    broken.expect_calls(&["DeleteItem", "DeleteItem"]);
    alice.get(&path()).await.expect_status(404);
    alice.delete(&path()).await.expect_status(404);
}

async fn a_conditional_delete_that_lost_its_answer(fault: Fault) {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    let tag = create(&alice, json!({})).await.header("etag").to_owned();
    broken.lose_one("DeleteItem", fault);
    let reply = alice.clone().header("if-match", &tag).delete(&path()).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    broken.expect_calls(&["DeleteItem", "DeleteItem"]);
    alice.get(&path()).await.expect_status(404);
}

/// A repetition must not take somebody else's write for its own.
async fn a_refused_create_that_lost_its_answer(fault: Fault) {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    let tag = create(&alice, json!({ "k": 1 })).await.header("etag").to_owned();
    broken.lose_one("PutItem", fault);
    let reply = create(&alice, json!({ "k": 2 })).await;
    reply.expect_status(400);
    assert_eq!(reply.json()["error_code"], "VALUE_DUPLICATE");
    broken.expect_calls(&["PutItem", "PutItem"]);
    let now = alice.get(&path()).await;
    assert_eq!((now.header("etag"), &now.json()["data"]), (tag.as_str(), &json!({ "k": 1 })));
}

macro_rules! lost {
    ($($name:ident: $what:ident($fault:expr);)*) => {$(
        #[tokio::test]
        async fn $name() {
            $what($fault).await;
        }
    )*};
}

lost! {
    a_create_whose_answer_came_too_late_is_made_once: a_create_that_lost_its_answer(Fault::Timeout);
    a_create_whose_answer_was_cut_off_is_made_once: a_create_that_lost_its_answer(Fault::Io);
    a_create_whose_answer_was_an_error_is_made_once: a_create_that_lost_its_answer(Fault::InternalServerError);
    an_update_whose_answer_came_too_late_is_made_once: an_update_that_lost_its_answer(Fault::Timeout);
    an_update_whose_answer_was_cut_off_is_made_once: an_update_that_lost_its_answer(Fault::Io);
    an_update_whose_answer_was_an_error_is_made_once: an_update_that_lost_its_answer(Fault::InternalServerError);
    a_delete_whose_answer_came_too_late_is_done: a_delete_that_lost_its_answer(Fault::Timeout);
    a_delete_whose_answer_was_cut_off_is_done: a_delete_that_lost_its_answer(Fault::Io);
    a_delete_whose_answer_was_an_error_is_done: a_delete_that_lost_its_answer(Fault::InternalServerError);
    a_conditional_delete_whose_answer_was_lost_is_done: a_conditional_delete_that_lost_its_answer(Fault::Timeout);
    a_refused_create_whose_answer_was_lost_is_refused: a_refused_create_that_lost_its_answer(Fault::Timeout);
}

/// All five operations at once.
async fn all(alice: &Client) -> Vec<(&'static str, Reply)> {
    let (secrets, path) = (secrets_path("alice"), path());
    let new = alice.post(&secrets, r#"{"name":"new","data":{}}"#);
    let (list, create, get, update, delete) = tokio::join!(
        alice.get(&secrets),
        new,
        alice.get(&path),
        update(alice, json!({ "k": 2 })),
        alice.delete(&path),
    );
    vec![("list", list), ("create", create), ("get", get), ("update", update), ("delete", delete)]
}

/// Every operation fails as `expected` says while the table has this fault, at whichever of its calls; then the same
/// server goes on as if nothing had been.
async fn a_fault_is_said_and_passes(fault: Fault, status: u16, expected: Value) {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    let tag = create(&alice, json!({ "k": 1 })).await.header("etag").to_owned();

    broken.fail(&["GetItem", "PutItem", "DeleteItem", "Query"], fault);
    let mut failed = all(&alice).await;
    broken.fail(&["PutItem", "BatchGetItem"], fault);
    let secrets = secrets_path("alice");
    let (list, update) = tokio::join!(alice.get(&secrets), update(&alice, json!({ "k": 3 })));
    failed.extend([("list's second call", list), ("update's second call", update)]);
    for (what, reply) in failed {
        assert_eq!((reply.status, reply.json()), (status, expected.clone()), "{what}");
        assert_eq!(
            reply.headers.get("retry-after").map(|value| value == "1"),
            (status == 503).then_some(true),
            "{what}"
        );
    }

    broken.clear();
    let get = alice.get(&path()).await;
    assert_eq!((get.header("etag"), &get.json()["data"]), (tag.as_str(), &json!({ "k": 1 })), "nothing was written");
    assert_eq!(alice.get(&secrets).await.json()["count"], 1);
    alice.post(&secrets, r#"{"name":"new","data":{}}"#).await.expect_status(201);
    update_and_delete(&alice).await;
}

async fn update_and_delete(alice: &Client) {
    update(alice, json!({ "k": 2 })).await.expect_status(200);
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 2 }));
    alice.delete(&path()).await.expect_status(200);
}

fn max_load() -> Value {
    json!({ "error_code": "MAX_LOAD", "error_message": "Too many requests; try again" })
}

fn database_error() -> Value {
    json!({ "error_code": "DATABASE_ERROR", "error_message": "The database failed" })
}

macro_rules! faults {
    ($($name:ident: $fault:expr => $status:literal $body:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            a_fault_is_said_and_passes($fault, $status, $body).await;
        }
    )*};
}

faults! {
    a_table_short_of_throughput_asks_clients_to_wait:
        Fault::Throttled("ProvisionedThroughputExceededException") => 503 max_load();
    a_throttled_table_asks_clients_to_wait: Fault::Throttled("ThrottlingException") => 503 max_load();
    an_account_at_its_limit_asks_clients_to_wait: Fault::Throttled("RequestLimitExceeded") => 503 max_load();
    a_table_that_fails_is_a_database_error: Fault::InternalServerError => 500 database_error();
    a_table_that_cannot_be_reached_is_a_database_error: Fault::Io => 500 database_error();
    a_table_that_does_not_answer_is_a_database_error: Fault::Timeout => 500 database_error();
    a_table_that_refuses_access_is_a_database_error: Fault::Denied => 500 database_error();
}

#[tokio::test]
async fn an_update_that_is_always_overtaken_gives_up_and_asks_to_try_again() {
    let broken = Broken::default();
    let (_server, alice) = broken.start().await;
    create(&alice, json!({ "k": 1 })).await.expect_status(201);
    broken.calls.take();
    broken.fail(&["PutItem"], Fault::Throttled("ConditionalCheckFailedException"));
    let reply = update(&alice, json!({ "k": 2 })).await;
    reply.expect(503, &max_load());
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(broken.calls.take(), ["GetItem", "PutItem"].repeat(10));
    broken.clear();
    update_and_delete(&alice).await;
}

#[tokio::test]
async fn a_throttled_delete_of_nothing_finds_nothing_when_it_is_repeated() {
    let first = AtomicBool::new(true);
    let server =
        Server::builder()
            .between(move |table| {
                Wire::new(table, move |call| {
                    let throttled = call.operation == "DeleteItem" && first.swap(false, Ordering::Relaxed);
                    // Refused, not lost: this attempt deleted nothing.
                    async move {
                        if throttled { Fault::Throttled("ThrottlingException").outcome() } else { call.send().await }
                    }
                })
            })
            .start()
            .await;
    let reply = server.user("alice").delete(&path()).await;
    let not_found = json!({ "error_code": "GENERAL_ERROR", "error_message": "Secret not found (OBJECT_NOT_FOUND)" });
    reply.expect(404, &not_found);
}
