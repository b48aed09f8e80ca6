//! Secrets Manager that fails while a function starts: the function starts all the same, and finds its keyring when
//! it is there.

use serde_json::{Value, json};

use devstack::sandbox::Function;
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;

use super::{
    Row, START_LIMIT, answer, ask, broken_connections, expect_failure, page, refusal, secrets, service_error,
    side_by_side, vault_error, version,
};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_list_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| each_fault(world, LIST)),
    ("a_create_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| each_fault(world, CREATE)),
    ("a_get_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| each_fault(world, GET)),
    ("an_update_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| each_fault(world, UPDATE)),
    ("a_keyring_that_never_comes_is_given_up_in_time", &[Need::Services], a_keyring_that_never_comes),
    (
        "a_keyring_that_could_not_be_read_at_the_start_is_read_by_the_first_request",
        &[Need::Services],
        a_keyring_that_could_not_be_read_at_the_start_is_read_by_the_first_request,
    ),
];

/// A function with a keyring, and a request of it: method, path after the user's secrets, and body.
type Operation = (&'static str, (&'static str, &'static str, &'static str));

const LIST: Operation = ("list-secrets", ("GET", "", ""));
const CREATE: Operation = ("create-secret", ("POST", "", r#"{"name":"new","data":{}}"#));
const GET: Operation = ("get-secret", ("GET", "/db", ""));
const UPDATE: Operation = ("update-secret", ("PUT", "/db", r#"{"data":{"n":1}}"#));

/// All failures of Secrets Manager, and the client's answers.
fn rows() -> Vec<(Row, Value)> {
    let failed = [
        Row::new("failed", refusal(500, "InternalServiceError"), "InternalServiceError"),
        Row::new("access denied", refusal(400, "AccessDeniedException"), "AccessDeniedException"),
        Row::new("no such secret", refusal(400, "ResourceNotFoundException"), super::WORDS),
        Row::new("throttled", refusal(400, "ThrottlingException"), "ThrottlingException"),
        Row::new("a page of 503", page(503), "unexpected token"),
        Row::new("nonsense", answer(200, "application/x-amz-json-1.1", "nonsense"), "expected literal"),
    ];
    let connections = broken_connections("timed out");
    let mut rows: Vec<_> = failed.into_iter().chain(connections).map(|row| (row, service_error())).collect();
    let empty = answer(200, "application/x-amz-json-1.1", r#"{"Name":"n"}"#);
    rows.push((Row::new("a secret without text", empty, "holds no text"), service_error()));
    let other = json!({ "Name": "n", "SecretString": super::WORDS }).to_string();
    let other = answer(200, "application/x-amz-json-1.1", other);
    let configuration = vault_error("CONFIGURATION_ERROR", "The service is misconfigured");
    rows.push((Row::new("no keyring", other, "the keyring is not of the form"), configuration));
    rows
}

/// A user of this row alone.
fn user((function, _): Operation, row: &Row) -> String {
    format!("keyless-{function}-{}", row.name.replace(' ', "-"))
}

/// Makes the secret `db` of the user of each row.
fn seed(stack: &Stack, users: impl IntoIterator<Item = String>) {
    let create = Function::start(stack, "create-secret");
    for user in users {
        create.call(&user, "POST", &secrets(&user), r#"{"name":"db","data":{}}"#).expect_status(201);
    }
}

fn each_fault(world: &World, operation: Operation) {
    let stack = world.stack();
    let mut rows = rows();
    rows.retain(|(row, _)| !row.is_slow());
    seed(stack, rows.iter().map(|(row, _)| user(operation, row)));
    side_by_side(&rows, |(row, _)| row.name.to_owned(), |(row, expected)| fault(stack, operation, row, expected));
}

fn a_keyring_that_never_comes(world: &World) {
    let stack = world.stack();
    let (row, expected) = rows().into_iter().find(|(row, _)| row.is_slow()).unwrap();
    let operations = [LIST, CREATE, GET, UPDATE];
    seed(stack, operations.map(|operation| user(operation, &row)));
    side_by_side(
        &operations,
        |(function, _)| (*function).to_owned(),
        |operation| {
            fault(stack, *operation, &row, &expected);
        },
    );
}

fn fault(stack: &Stack, operation: Operation, row: &Row, expected: &Value) {
    let (function, (method, rest, body)) = operation;
    let user = &user(operation, row);
    let watched = Watched::start(stack, function);
    watched.secrets_manager.fail(row.fault.clone());
    let path = format!("{}{rest}", secrets(user));
    let asked = ask(&watched, user, (method, &path, body));
    expect_failure(&watched, &asked, 500, &["keyring", row.cause], START_LIMIT);
    asked.answer.expect(500, expected);
    // Nothing was written that could not be sealed.
    assert_eq!((version(stack, user, "db"), version(stack, user, "new")), (Some(1), None));
    let log = watched.function.log();
    assert!(row.name != "no keyring" || !log.contains(super::WORDS), "the log has what the secret holds: {log}");

    watched.secrets_manager.heal();
    let status = if method == "POST" { 201 } else { 200 };
    watched.call(user, method, &path, body).expect_status(status);
    watched.secrets_manager.take_calls();
    // From then on it is kept.
    let status = if method == "POST" { 400 } else { 200 };
    watched.call(user, method, &path, body).expect_status(status);
    assert_eq!(watched.secrets_manager.take_calls().len(), 0);
}

fn a_keyring_that_could_not_be_read_at_the_start_is_read_by_the_first_request(world: &World) {
    let stack = world.stack();
    let watched = Watched::start(stack, "create-secret");
    let denied = refusal(400, "AccessDeniedException");
    watched.secrets_manager.fail_times(denied, 1);
    let user = "keyless-once";
    watched.call(user, "POST", &secrets(user), r#"{"name":"db","data":{}}"#).expect_status(201);
    assert_eq!(watched.secrets_manager.take_actions(), ["GetSecretValue", "GetSecretValue"]);
}
