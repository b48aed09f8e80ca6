//! A call with a lost first answer is repeated by the function, and changes nothing twice.

use serde_json::json;

use devstack::proxy::Fault;
use devstack::sandbox::{Answer, Function};
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;

use super::{page, refusal, secrets, side_by_side, version};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_create_whose_answer_was_lost_is_done_once", &[Need::Services], a_create_whose_answer_was_lost_is_done_once),
    ("a_create_of_a_taken_name_stays_refused", &[Need::Services], a_create_of_a_taken_name_stays_refused),
    ("an_update_whose_answer_was_lost_is_done_once", &[Need::Services], an_update_whose_answer_was_lost_is_done_once),
    ("a_delete_whose_answer_was_lost_succeeds", &[Need::Services], a_delete_whose_answer_was_lost_succeeds),
    ("a_read_whose_answer_was_lost_is_repeated", &[Need::Services], a_read_whose_answer_was_lost_is_repeated),
];

/// The ways in which one call can fail that is worth another.
fn once() -> [(&'static str, Fault); 7] {
    [
        ("dropped", Fault::DropAnswer),
        ("cut", Fault::CutAnswer),
        ("reset", Fault::Reset),
        ("stalled", Fault::Stall),
        ("failed", refusal(500, "InternalServerError")),
        ("unavailable", page(503)),
        ("throttled", refusal(400, "ThrottlingException")),
    ]
}

/// Runs `test` for each of these failures, with a user of its own with the secret `db`, the function, and the failure.
fn each(world: &World, function: &str, test: impl Fn(&Stack, &str, &Watched<'_>, &Fault) + Sync) {
    let stack = world.stack();
    let create = Function::start(stack, "create-secret");
    let user = |name: &str| format!("lost-{function}-{name}");
    for (name, _) in once() {
        let user = user(name);
        create.call(&user, "POST", &secrets(&user), r#"{"name":"db","data":{"n":0}}"#).expect_status(201);
    }
    side_by_side(
        &once(),
        |(name, _)| (*name).to_owned(),
        |(name, fault)| {
            test(stack, &user(name), &Watched::start(stack, function), fault);
        },
    );
}

/// Sends a request with a failing first call of this action, and checks that the call was made twice.
fn lose(watched: &Watched<'_>, user: &str, action: &str, fault: &Fault, request: (&str, &str, &str)) -> Answer {
    watched.forget_calls();
    watched.dynamodb.fail_action(action, fault.clone(), 1);
    let (method, rest, body) = request;
    let answer = watched.call(user, method, &format!("{}{rest}", secrets(user)), body);
    let actions = watched.dynamodb.take_actions();
    assert_eq!(actions.iter().filter(|made| *made == action).count(), 2, "{actions:?}: {answer:?}");
    answer
}

fn a_create_whose_answer_was_lost_is_done_once(world: &World) {
    each(world, "create-secret", |stack, user, watched, fault| {
        let answer = lose(watched, user, "PutItem", fault, ("POST", "", r#"{"name":"new","data":{"n":1}}"#));
        answer.expect(201, &json!({ "name": "new" }));
        assert_eq!(version(stack, user, "new"), Some(1));
        let get = Function::start(stack, "get-secret").call(user, "GET", &format!("{}/new", secrets(user)), "");
        assert_eq!(get.expect_status(200).headers["etag"], answer.headers["etag"]);
        assert_eq!(get.json()["data"], json!({ "n": 1 }));
    });
}

/// The repetition must not take the secret that was there for its own.
fn a_create_of_a_taken_name_stays_refused(world: &World) {
    let function = "create-secret";
    let stack = world.stack();
    side_by_side(
        &once(),
        |(name, _)| (*name).to_owned(),
        |(name, fault)| {
            let user = &format!("lost-taken-{name}");
            let watched = Watched::start(stack, function);
            watched.call(user, "POST", &secrets(user), r#"{"name":"db","data":{"n":0}}"#).expect_status(201);
            let answer = lose(&watched, user, "PutItem", fault, ("POST", "", r#"{"name":"db","data":{"n":1}}"#));
            assert_eq!(answer.expect_status(400).json()["error_code"], "VALUE_DUPLICATE");
            assert_eq!(version(stack, user, "db"), Some(1));
            let get = Function::start(stack, "get-secret").call(user, "GET", &format!("{}/db", secrets(user)), "");
            assert_eq!(get.expect_status(200).json()["data"], json!({ "n": 0 }));
        },
    );
}

fn an_update_whose_answer_was_lost_is_done_once(world: &World) {
    each(world, "update-secret", |stack, user, watched, fault| {
        let mut tag = String::new();
        for (i, action) in ["PutItem", "GetItem"].into_iter().enumerate() {
            let body = format!(r#"{{"data":{{"n":{}}}}}"#, i + 1);
            let answer = lose(watched, user, action, fault, ("PUT", "/db", &body));
            assert_eq!(answer.expect_status(200).body, "", "{action}");
            assert_eq!(version(stack, user, "db"), Some(i as u64 + 2), "{action}");
            tag.clone_from(&answer.headers["etag"]);
        }
        let get = Function::start(stack, "get-secret").call(user, "GET", &format!("{}/db", secrets(user)), "");
        assert_eq!((&get.expect_status(200).headers["etag"], &get.json()["data"]), (&tag, &json!({ "n": 2 })));
    });
}

fn a_delete_whose_answer_was_lost_succeeds(world: &World) {
    each(world, "delete-secret", |stack, user, watched, fault| {
        let answer = lose(watched, user, "DeleteItem", fault, ("DELETE", "/db", ""));
        assert_eq!(answer.expect_status(200).body, "");
        assert_eq!(version(stack, user, "db"), None);
        let again = watched.call(user, "DELETE", &format!("{}/db", secrets(user)), "");
        assert_eq!(again.expect_status(404).json()["error_message"], "Secret not found (OBJECT_NOT_FOUND)");
    });
}

fn a_read_whose_answer_was_lost_is_repeated(world: &World) {
    each(world, "get-secret", |_, user, watched, fault| {
        let answer = lose(watched, user, "GetItem", fault, ("GET", "/db", ""));
        assert_eq!(answer.expect_status(200).json()["data"], json!({ "n": 0 }));
    });
    each(world, "list-secrets", |_, user, watched, fault| {
        for action in ["Query", "BatchGetItem"] {
            let page = lose(watched, user, action, fault, ("GET", "", "")).expect_status(200).json();
            assert_eq!((&page["count"], &page["items"][0]["data"]), (&json!(1), &json!({ "n": 0 })), "{action}");
        }
    });
}
