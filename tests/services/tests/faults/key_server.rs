//! A key server that fails while a function starts: no token can be verified, and the function finds the keys when
//! they are there.

use std::time::{Duration, Instant};

use devstack::examples::requests;
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;

use super::{
    Row, START_LIMIT, answer, ask, broken_connections, expect_failure, expect_internal_fault, page, secrets,
    service_error, side_by_side,
};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "every_function_says_that_there_are_no_token_keys_and_goes_on",
        &[Need::Services],
        every_function_says_that_there_are_no_token_keys_and_goes_on,
    ),
    (
        "token_keys_that_could_not_be_fetched_at_the_start_are_fetched_by_the_first_request",
        &[Need::Services],
        token_keys_that_could_not_be_fetched_at_the_start_are_fetched_by_the_first_request,
    ),
    ("token_keys_once_fetched_outlive_their_server", &[Need::Services], token_keys_once_fetched_outlive_their_server),
];

/// Twenty seconds are between two fetches while there are no keys at all; on a busy machine one fetch may come to
/// nothing, and another has to.
const NEXT_FETCH: Duration = Duration::from_secs(60);

/// All ways in which a key server fails.
fn rows() -> Vec<Row> {
    // Two limits of two seconds end at the same time; either may be named.
    let connections = broken_connections("2s");
    let answers = [
        Row::new("not found", page(404), "answered 404"),
        Row::new("failed", page(500), "answered 500"),
        Row::new("nonsense", answer(200, "application/json", super::WORDS), "no JSON Web Key Set"),
        Row::new("no set", answer(200, "application/json", "{}"), "no JSON Web Key Set"),
        Row::new("an empty set", answer(200, "application/json", r#"{"keys":[]}"#), "signing key in the set"),
    ];
    connections.into_iter().chain(answers).collect()
}

/// A request of a user that finds nothing there, and the status that says so.
fn request(function: &str, user: &str) -> (&'static str, String, &'static str, u64) {
    let (_, method, _, _) = requests(user).into_iter().find(|(name, ..)| *name == function).unwrap();
    let secret = format!("{}/none", secrets(user));
    match function {
        "list-secrets" => (method, secrets(user), "", 200),
        "create-secret" => (method, secrets(user), "{}", 400),
        "update-secret" => (method, secret, "{}", 404),
        "get-document" => (method, "/search/roles/keyless-none".to_owned(), "", 404),
        _ => (method, secret, "", 404),
    }
}

/// Each function with each of these ways to fail.
fn with_functions(rows: Vec<Row>) -> Vec<(&'static str, Row)> {
    let with = |row: Row| requests("nobody").map(|(function, ..)| (function, row.clone()));
    rows.into_iter().flat_map(with).collect()
}

fn name((function, row): &(&'static str, Row)) -> String {
    format!("{function}, {}", row.name)
}

fn every_function_says_that_there_are_no_token_keys_and_goes_on(world: &World) {
    let stack = world.stack();
    side_by_side(&with_functions(rows()), name, |(function, row)| fault(stack, function, row));
}

fn fault(stack: &Stack, function: &str, row: &Row) {
    let watched = Watched::start(stack, function);
    watched.key_server.fail(row.fault.clone());
    let user = "keyless";
    let (method, path, body, status) = request(function, user);
    let asked = ask(&watched, user, (method, &path, body));
    let causes = ["no token keys: ", row.cause];
    expect_failure(&watched, &asked, 500, &causes, START_LIMIT);
    if function == "get-document" {
        expect_internal_fault(&asked.answer);
    } else {
        asked.answer.expect(500, &service_error());
    }
    // Nobody was known, so nothing was asked for in anybody's name.
    assert!(watched.dynamodb.take_calls().iter().all(|call| call.action().is_none()));

    watched.key_server.heal();
    let healed = Instant::now();
    while watched.call(user, method, &path, body).status != status {
        assert!(healed.elapsed() < NEXT_FETCH, "the keys are not fetched again:\n{}", watched.function.log());
        // Between two looks at the condition; each is a request of sixty functions.
        std::thread::sleep(Duration::from_secs(4));
    }
}

fn token_keys_that_could_not_be_fetched_at_the_start_are_fetched_by_the_first_request(world: &World) {
    let stack = world.stack();
    // A refused connection is no call, and can't fail just once.
    let rows: Vec<_> = rows().into_iter().filter(|row| row.name != "refused").collect();
    side_by_side(&with_functions(rows), name, |(function, row)| {
        let watched = Watched::start(stack, function);
        watched.key_server.fail_times(row.fault.clone(), 1);
        let (method, path, body, status) = request(function, "keyless-once");
        watched.call("keyless-once", method, &path, body).expect_status(status);
        assert_eq!(watched.key_server.take_calls().len(), 2);
    });
}

fn token_keys_once_fetched_outlive_their_server(world: &World) {
    let stack = world.stack();
    let rows = with_functions(vec![Row::new("failed", page(500), "")]);
    side_by_side(&rows, name, |(function, row)| {
        let watched = Watched::start(stack, function);
        let (method, path, body, status) = request(function, "keyless-later");
        watched.call("keyless-later", method, &path, body).expect_status(status);
        watched.key_server.fail(row.fault.clone());
        watched.call("keyless-later", method, &path, body).expect_status(status);
    });
}
