//! Services that fail: each way to fail for each operation that can meet it. The client's answer is that of the
//! contract, in time. The cause is in the log under the answer's id, and not in the answer. Once the service is back,
//! the same process continues.

pub mod dynamodb;
pub mod key_server;
pub mod keyring;
pub mod lost_answers;
pub mod opensearch;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use devstack::proxy::Fault;
use devstack::sandbox::Answer;
use devstack::stack::{ACCESS_KEY, Stack, TABLE};
use devstack::watched::Watched;

use crate::template::Template;

/// Words of a failing service, which no client may see.
const WORDS: &str = "words-of-the-service-8c41";

/// Time limit of a function.
static TIME_LIMIT: LazyLock<Duration> = LazyLock::new(|| Template::read().time_limit());

/// Time that Lambda waits for a function that starts.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A way to fail.
#[derive(Debug, Clone)]
struct Row {
    name: &'static str,
    fault: Fault,
    /// Cause in the log.
    cause: &'static str,
}

impl Row {
    fn new(name: &'static str, fault: Fault, cause: &'static str) -> Self {
        Self { name, fault, cause }
    }

    /// Tells whether it takes as long as a call may take at most. Rows of this kind are run side by side in a test of
    /// their own, so that the others needn't wait for each of them.
    fn is_slow(&self) -> bool {
        self.fault == Fault::Stall
    }

    /// Tells whether the service did the request.
    fn is_done(&self) -> bool {
        matches!(self.fault, Fault::CutAnswer | Fault::DropAnswer)
    }
}

/// The ways in which a connection fails. The words of the log are the client library's; `late` is that no answer came
/// in time.
fn broken_connections(late: &'static str) -> [Row; 5] {
    [
        Row::new("refused", Fault::Refuse, "Connection refused"),
        Row::new("reset", Fault::Reset, "Connection reset"),
        Row::new("stalled", Fault::Stall, late),
        Row::new("answer cut", Fault::CutAnswer, "error reading a body"),
        Row::new("answer dropped", Fault::DropAnswer, "Connection reset"),
    ]
}

/// A service's answer.
fn answer(status: u16, content_type: &str, body: impl Into<bytes::Bytes>) -> Fault {
    Fault::Answer { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: body.into() }
}

/// An error of an AWS service, in its own form.
fn refusal(status: u16, kind: &str) -> Fault {
    let body = json!({ "__type": format!("com.amazonaws.service#{kind}"), "message": WORDS, "Message": WORDS });
    answer(status, "application/x-amz-json-1.1", body.to_string())
}

/// The page of something on the way to a service.
fn page(status: u16) -> Fault {
    answer(status, "text/html", format!("<html><body>{WORDS}</body></html>"))
}

/// Runs `test` for all rows at once, for some of them take seconds of waiting. All that fail are named.
fn side_by_side<T: Sync>(rows: &[T], name: impl Fn(&T) -> String, test: impl Fn(&T) + Sync) {
    let test = &test;
    let failed = thread::scope(|scope| {
        let run = |row| scope.spawn(move || catch_unwind(AssertUnwindSafe(|| test(row))));
        let running: Vec<_> = rows.iter().map(|row| (row, run(row))).collect();
        running.into_iter().fold(String::new(), |mut failed, (row, running)| {
            if let Err(reason) = running.join().unwrap() {
                let text = reason.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| reason.downcast_ref().copied()).unwrap_or("no reason");
                writeln!(failed, "{}: {text}", name(row)).unwrap();
            }
            failed
        })
    });
    assert!(failed.is_empty(), "{failed}");
}

/// A request and its answer.
struct Asked {
    answer: Answer,
    took: Duration,
}

/// Sends a request and looks at the clock.
fn ask(watched: &Watched<'_>, user: &str, (method, path, body): (&str, &str, &str)) -> Asked {
    let started = Instant::now();
    let answer = watched.call(user, method, path, body);
    Asked { answer, took: started.elapsed() }
}

/// Checks the rules of every failure: it came in time, with this status; the log has the causes under the answer's id;
/// the answer has nothing of them. `start` is how much of the time a start may have taken.
#[track_caller]
fn expect_failure(watched: &Watched<'_>, asked: &Asked, status: u64, causes: &[&str], start: Duration) {
    let Asked { answer, took } = asked;
    answer.expect_status(status);
    let id = &answer.headers["x-request-id"];
    let log = watched.function.log();
    let line = log.lines().find(|line| line.starts_with('{') && line.contains(id.as_str()));
    let line: Value = serde_json::from_str(line.unwrap_or_else(|| panic!("{id} is not in the log:\n{log}"))).unwrap();
    assert_eq!((&line["tracking_id"], &line["status"]), (&json!(id), &json!(status)), "{line}");
    let cause = line["cause"].as_str().unwrap_or_else(|| panic!("no cause: {line}"));
    for part in causes {
        assert!(cause.contains(part), "{part:?} is not in the cause: {cause}");
    }
    let request = Duration::from_secs_f64(line["duration_ms"].as_f64().unwrap() / 1000.0);
    assert!(request < *TIME_LIMIT && *took < request + start, "took {took:?}, the request {request:?}");
    let text = format!("{answer:?}");
    for hidden in [WORDS, "127.0.0.1", TABLE, "Exception", "ServerError", "Item", "Query", "GetSecret", "jwks"] {
        assert!(!text.contains(hidden), "{hidden:?} is in the answer: {text}");
    }
}

/// Time that a request may take on a busy machine beside the wait for a service.
const BUSY: Duration = Duration::from_secs(3);

/// The version of a secret in the table, if there is that secret.
fn version(stack: &Stack, user: &str, name: &str) -> Option<u64> {
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let get = stack.table(ACCESS_KEY).get_item().table_name(TABLE).consistent_read(true);
    let answer = stack.runtime().block_on(get.key("owner", text(user)).key("name", text(name)).send()).unwrap();
    answer.item.map(|item| item["version"].as_n().unwrap().parse().unwrap())
}

/// The path of a user's secrets.
fn secrets(user: &str) -> String {
    format!("/vault/api/v1/user/{user}/secrets")
}

/// The vault's errors.
fn vault_error(code: &str, message: &str) -> Value {
    json!({ "error_code": code, "error_message": message })
}

fn service_error() -> Value {
    vault_error("INTRA_SERVICE_COMMUNICATION_ERROR", "A service behind this one failed")
}

/// Holds the body of the search API's 500.
#[track_caller]
fn expect_internal_fault(answer: &Answer) {
    let id = &answer.headers["x-request-id"];
    let text = "An internal fault occurred.";
    let messages = json!([{ "locale": "en-US", "localeOrigin": "DEFAULT", "text": text }]);
    answer.expect(500, &json!({ "detailCode": "500.0 Internal Fault", "trackingId": id, "messages": messages }));
}
