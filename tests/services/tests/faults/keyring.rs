//! Secrets Manager that fails while a function starts: the function starts all the same, and finds its keyring when
//! it is there.

use serde_json::{Value, json};

use services::sandbox::Function;
use services::stack::Stack;
use services::tools::Need;
use services::watched::Watched;

use super::{
    BUSY, Row, START_LIMIT, answer, ask, broken_connections, expect_failure, page, refusal, secrets, service_error,
    side_by_side, vault_error, version,
};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_list_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| {
        each_fault(world, "list-secrets", ("GET", "", ""));
    }),
    ("a_create_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| {
        each_fault(world, "create-secret", ("POST", "", r#"{"name":"new","data":{}}"#));
    }),
    ("a_get_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| {
        each_fault(world, "get-secret", ("GET", "/db", ""));
    }),
    ("an_update_says_that_there_is_no_keyring_and_goes_on", &[Need::Services], |world| {
        each_fault(world, "update-secret", ("PUT", "/db", r#"{"data":{"n":1}}"#));
    }),
    (
        "a_keyring_that_could_not_be_read_at_the_start_is_read_by_the_first_request",
        &[Need::Services],
        a_keyring_that_could_not_be_read_at_the_start_is_read_by_the_first_request,
    ),
];

/// All ways in which Secrets Manager fails, and what the client is told.
fn rows() -> Vec<(Row, Value)> {
    let failed = [
        Row::new("failed", refusal(500, "InternalServiceError"), "InternalServiceError"),
        Row::new("access denied", refusal(400, "AccessDeniedException"), "AccessDeniedException"),
        Row::new("no such secret", refusal(400, "ResourceNotFoundException"), super::WORDS),
        Row::new("throttled", refusal(400, "ThrottlingException"), "ThrottlingException"),
        Row::new("a page of 503", page(503), ""),
        Row::new("nonsense", answer(200, "application/x-amz-json-1.1", "nonsense"), ""),
    ];
    let connections = broken_connections("Connection refused", "", "timeout", "");
    let mut rows: Vec<_> = failed.into_iter().chain(connections).map(|row| (row, service_error())).collect();
    let empty = answer(200, "application/x-amz-json-1.1", r#"{"Name":"n"}"#);
    rows.push((Row::new("a secret without text", empty, "holds no text"), service_error()));
    let other = json!({ "Name": "n", "SecretString": super::WORDS }).to_string();
    let other = answer(200, "application/x-amz-json-1.1", other);
    let configuration = vault_error("CONFIGURATION_ERROR", "The service is not configured rightly");
    rows.push((Row::new("no keyring", other, "keyring"), configuration));
    rows
}

fn each_fault(world: &World, function: &str, request: (&str, &str, &str)) {
    let stack = world.stack();
    let rows = rows();
    let user = |row: &Row| format!("keyless-{function}-{}", row.name.replace(' ', "-"));
    let create = Function::start(stack, "create-secret");
    for (row, _) in &rows {
        let user = user(row);
        create.call(&user, "POST", &secrets(&user), r#"{"name":"db","data":{}}"#).expect_status(201);
    }
    side_by_side(
        &rows,
        |(row, _)| row.name.to_owned(),
        |(row, expected)| {
            fault(stack, function, &user(row), request, row, expected);
        },
    );
}

fn fault(stack: &Stack, function: &str, user: &str, request: (&str, &str, &str), row: &Row, expected: &Value) {
    let watched = Watched::start(stack, function);
    watched.secrets_manager.fail(row.fault.clone());
    let (method, rest, body) = request;
    let path = format!("{}{rest}", secrets(user));
    let asked = ask(&watched, user, (method, &path, body));
    expect_failure(&watched, &asked, 500, &["keyring", row.cause], START_LIMIT.max(BUSY));
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
