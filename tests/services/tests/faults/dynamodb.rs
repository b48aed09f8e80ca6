//! A table that fails, for each call of each operation.

use serde_json::Value;

use devstack::sandbox::Function;
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;

use super::{BUSY, Row, ask, broken_connections, expect_failure, page, refusal, secrets, side_by_side, version};
use super::{answer, vault_error};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_get_says_how_the_table_failed_and_goes_on", &[Need::Services], |world| each_fault(world, &GET)),
    ("a_create_says_how_the_table_failed_and_goes_on", &[Need::Services], |world| each_fault(world, &CREATE)),
    ("an_update_that_could_not_read_says_so_and_goes_on", &[Need::Services], |world| each_fault(world, &UPDATE_READS)),
    ("an_update_that_could_not_write_says_so_and_goes_on", &[Need::Services], |world| {
        each_fault(world, &UPDATE_WRITES);
    }),
    ("a_delete_says_how_the_table_failed_and_goes_on", &[Need::Services], |world| each_fault(world, &DELETE)),
    ("a_list_without_names_says_so_and_goes_on", &[Need::Services], |world| each_fault(world, &LIST_NAMES)),
    ("a_list_without_secrets_says_so_and_goes_on", &[Need::Services], |world| each_fault(world, &LIST_PAGE)),
    ("a_table_that_never_answers_is_given_up_in_time", &[Need::Services], a_table_that_never_answers),
];

/// A request, and the call of it that fails.
struct Operation {
    function: &'static str,
    action: &'static str,
    method: &'static str,
    /// Path after the user's secrets, and the body, of a request that warms the function.
    warm: (&'static str, &'static str, u64),
    /// The same for the request with the failing call.
    request: (&'static str, &'static str),
    /// The status of that request when the table is back.
    again: u64,
    /// That status if the table had done the request.
    again_if_done: u64,
    /// The version of the secret before and after these requests, if nothing fails; none if it isn't there.
    versions: (Option<u64>, Option<u64>),
}

const READ: Operation = Operation {
    function: "",
    action: "",
    method: "GET",
    warm: ("", "", 200),
    request: ("", ""),
    again: 200,
    again_if_done: 200,
    versions: (Some(1), Some(1)),
};
const GET: Operation =
    Operation { function: "get-secret", action: "GetItem", warm: ("/db", "", 200), request: ("/db", ""), ..READ };
const CREATE: Operation = Operation {
    function: "create-secret",
    action: "PutItem",
    method: "POST",
    warm: ("", r#"{"name":"warm","data":{}}"#, 201),
    request: ("", r#"{"name":"new","data":{"n":1}}"#),
    again: 201,
    // The client can't know that its own create was done; the name is taken now.
    again_if_done: 400,
    versions: (None, Some(1)),
};
const UPDATE: Operation = Operation {
    function: "update-secret",
    action: "",
    method: "PUT",
    warm: ("/db", r#"{"data":{"n":1}}"#, 200),
    request: ("/db", r#"{"data":{"n":2}}"#),
    again: 200,
    again_if_done: 200,
    versions: (Some(2), Some(3)),
};
const UPDATE_READS: Operation = Operation { action: "GetItem", ..UPDATE };
const UPDATE_WRITES: Operation = Operation { action: "PutItem", ..UPDATE };
const DELETE: Operation = Operation {
    function: "delete-secret",
    action: "DeleteItem",
    method: "DELETE",
    warm: ("/none", "", 404),
    request: ("/db", ""),
    again: 200,
    again_if_done: 404,
    versions: (Some(1), None),
};
const LIST_NAMES: Operation = Operation { function: "list-secrets", action: "Query", ..READ };
const LIST_PAGE: Operation = Operation { function: "list-secrets", action: "BatchGetItem", ..READ };

impl Operation {
    /// Tells whether the call that fails is the one that changes something.
    fn writes(&self) -> bool {
        matches!(self.action, "PutItem" | "DeleteItem")
    }

    /// The secret that the request is about.
    fn secret(&self) -> &'static str {
        if self.function == "create-secret" { "new" } else { "db" }
    }
}

/// All ways in which a table fails; of each whether it is short of capacity.
fn rows() -> Vec<(Row, bool)> {
    let throttled = [
        ("throttled", "ThrottlingException"),
        ("short of throughput", "ProvisionedThroughputExceededException"),
        ("account at its limit", "RequestLimitExceeded"),
    ];
    let throttled = throttled.map(|(name, kind)| (Row::new(name, refusal(400, kind), kind), true));
    let failed = [
        Row::new("failed", refusal(500, "InternalServerError"), "InternalServerError"),
        Row::new("no such table", refusal(400, "ResourceNotFoundException"), super::WORDS),
        Row::new("access denied", refusal(400, "AccessDeniedException"), "AccessDeniedException"),
        Row::new("a page of 503", page(503), "unexpected token"),
        Row::new("nonsense", answer(200, "application/x-amz-json-1.0", "nonsense"), "expected literal"),
    ];
    let connections = broken_connections("timed out");
    throttled.into_iter().chain(failed.into_iter().chain(connections).map(|row| (row, false))).collect()
}

/// A user of this row alone, with a secret `db`.
fn user(operation: &Operation, row: &Row) -> String {
    format!("fault-{}-{}-{}", operation.function, operation.action, row.name.replace(' ', "-"))
}

/// Makes the secret `db` of the user of each row.
fn seed<'a>(stack: &Stack, rows: impl IntoIterator<Item = (&'a Operation, &'a Row)>) {
    let create = Function::start(stack, "create-secret");
    for (operation, row) in rows {
        let user = user(operation, row);
        create.call(&user, "POST", &secrets(&user), r#"{"name":"db","data":{"n":0}}"#).expect_status(201);
    }
}

fn each_fault(world: &World, operation: &Operation) {
    let stack = world.stack();
    let mut rows = rows();
    rows.retain(|(row, _)| !row.is_slow());
    seed(stack, rows.iter().map(|(row, _)| (operation, row)));
    side_by_side(&rows, |(row, _)| row.name.to_owned(), |(row, throttled)| fault(stack, operation, row, *throttled));
}

fn a_table_that_never_answers(world: &World) {
    let stack = world.stack();
    let mut rows = rows();
    rows.retain(|(row, _)| row.is_slow());
    let operations = [&GET, &CREATE, &UPDATE_READS, &UPDATE_WRITES, &DELETE, &LIST_NAMES, &LIST_PAGE];
    let rows: Vec<_> = rows.iter().flat_map(|(row, _)| operations.map(|operation| (operation, row))).collect();
    seed(stack, rows.iter().copied());
    let name = |operation: &Operation| format!("{}, {}", operation.function, operation.action);
    side_by_side(&rows, |(operation, _)| name(operation), |(operation, row)| fault(stack, operation, row, false));
}

fn fault(stack: &Stack, operation: &Operation, row: &Row, throttled: bool) {
    let user = user(operation, row);
    let watched = Watched::start(stack, operation.function);
    let path = |rest: &str| format!("{}{rest}", secrets(&user));
    let (rest, body, status) = operation.warm;
    watched.call(&user, operation.method, &path(rest), body).expect_status(status);
    let (before, after) = operation.versions;
    let version = || version(stack, &user, operation.secret());
    assert_eq!(version(), before, "before");

    watched.dynamodb.fail_action(operation.action, row.fault.clone(), usize::MAX);
    let (rest, body) = operation.request;
    let asked = ask(&watched, &user, (operation.method, &path(rest), body));
    let (status, expected) = if throttled { (503, max_load()) } else { (500, database_error()) };
    expect_failure(&watched, &asked, status, &[&format!("{}: ", operation.action), row.cause], BUSY);
    asked.answer.expect(status, &expected);
    assert_eq!(asked.answer.headers.get("retry-after").map(String::as_str), throttled.then_some("1"));
    let done = row.is_done() && operation.writes();
    assert_eq!(version(), if done { after } else { before }, "the call was made once or not at all");

    watched.dynamodb.heal();
    let answer = watched.call(&user, operation.method, &path(rest), body);
    if done {
        answer.expect_status(operation.again_if_done);
        match operation.again_if_done {
            400 => assert_eq!(answer.json()["error_code"], "VALUE_DUPLICATE"),
            404 => assert_eq!(answer.json()["error_message"], "Secret not found (OBJECT_NOT_FOUND)"),
            _ => {}
        }
    } else {
        answer.expect_status(operation.again);
    }
    // An update is made anew.
    let made_anew = done && operation.method == "PUT";
    assert_eq!(version(), after.map(|version| version + u64::from(made_anew)), "at the end");
}

fn max_load() -> Value {
    vault_error("MAX_LOAD", "Too many requests; try again")
}

fn database_error() -> Value {
    vault_error("DATABASE_ERROR", "The database failed")
}
