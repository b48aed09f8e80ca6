//! Functions that can't be prepared: they answer, and they recover without a restart.

use serde_json::json;

use devstack::proxy::{Fault, Proxy};
use devstack::sandbox::Function;
use devstack::tools::Need;

use crate::{Test, World};
use devstack::process::free_port;
use devstack::stack::KEYRING_TEXT;

pub const TESTS: &[Test] = &[
    (
        "a_missing_setting_is_named_in_the_log_and_answered_in_the_apis_shape",
        &[Need::Services],
        a_missing_setting_is_named,
    ),
    ("a_keyring_that_comes_later_is_found_without_a_restart", &[Need::Services], a_keyring_that_comes_later_is_found),
    ("a_table_that_can_not_be_reached_is_a_database_error", &[Need::Services], a_table_that_can_not_be_reached),
    ("a_start_waits_for_no_answer_of_secrets_manager", &[Need::Services], a_start_waits_for_no_answer),
    ("delete_needs_no_keyring", &[Need::Services], delete_needs_no_keyring),
];

const PATH: &str = "/vault/api/v1/user/starter/secrets/none";

fn a_missing_setting_is_named(world: &World) {
    let stack = world.stack();
    let get = Function::start_with(stack, "get-secret", &[("COFFER_TABLE", "")]);
    let expected = json!({ "error_code": "CONFIGURATION_ERROR", "error_message": "The service is misconfigured" });
    get.call("starter", "GET", PATH, "").expect(500, &expected);
    assert!(get.log().contains("COFFER_TABLE is missing"), "{}", get.log());
    let document = Function::start_with(stack, "get-document", &[("COFFER_OPENSEARCH_URL", "")]);
    let answer = document.call("starter", "GET", "/search/roles/x", "");
    assert_eq!(answer.expect_status(500).json()["detailCode"], "500.0 Internal Fault");
}

fn a_keyring_that_comes_later_is_found(world: &World) {
    let stack = world.stack();
    let name = "coffer/later";
    let create = Function::start_with(stack, "create-secret", &[("COFFER_KEYRING_SECRET", name)]);
    let path = "/vault/api/v1/user/later/secrets";
    let body = r#"{"name":"db","data":{}}"#;
    let expected = json!({
        "error_code": "INTRA_SERVICE_COMMUNICATION_ERROR", "error_message": "A service behind this one failed",
    });
    create.call("later", "POST", path, body).expect(500, &expected);
    stack.runtime().block_on(stack.make_secret(name, KEYRING_TEXT));
    create.call("later", "POST", path, body).expect_status(201);
}

fn a_table_that_can_not_be_reached(world: &World) {
    let stack = world.stack();
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let get = Function::start_with(stack, "get-secret", &[("COFFER_DYNAMODB_URL", &nowhere)]);
    let expected = json!({ "error_code": "DATABASE_ERROR", "error_message": "The database failed" });
    let answer = get.call("starter", "GET", PATH, "");
    answer.expect(500, &expected);
    let id = &answer.headers["x-request-id"];
    let log = get.log();
    let line = log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("GetItem") && !answer.body.contains("GetItem"), "{line}");
}

fn a_start_waits_for_no_answer(world: &World) {
    let stack = world.stack();
    let silent = Proxy::before(stack.runtime().handle(), &stack.secrets_manager);
    silent.fail(Fault::Stall);
    let get = Function::start_with(stack, "get-secret", &[("COFFER_SECRETS_MANAGER_URL", &silent.url())]);
    // A secret that isn't there needs no keyring.
    get.call("starter", "GET", PATH, "").expect_status(404);
    assert_eq!(silent.take_actions(), ["GetSecretValue"]);
    assert!(!get.log().contains("not everything was ready"), "{}", get.log());
}

fn delete_needs_no_keyring(world: &World) {
    let stack = world.stack();
    let delete = Function::start_with(stack, "delete-secret", &[("COFFER_KEYRING_SECRET", "")]);
    delete.call("starter", "DELETE", PATH, "").expect_status(404);
}
