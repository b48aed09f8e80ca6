//! Between two requests Lambda freezes a sandbox: what happens meanwhile a function finds together with the next one.

use services::tools::Need;
use services::watched::Watched;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "a_table_that_ended_its_connections_while_the_sandbox_was_frozen_costs_no_answer",
        &[Need::Services],
        a_table_that_ended_its_connections,
    ),
    (
        "an_opensearch_that_ended_its_connections_while_the_sandbox_was_frozen_costs_no_answer",
        &[Need::Services],
        an_opensearch_that_ended_its_connections,
    ),
];

fn a_table_that_ended_its_connections(world: &World) {
    let stack = world.stack();
    let create = Watched::start(stack, "create-secret");
    create.call("sleeper", "POST", "/vault/api/v1/user/sleeper/secrets", r#"{"name":"db","data":{}}"#);
    let path = "/vault/api/v1/user/sleeper/secrets/db";
    let get = Watched::start(stack, "get-secret");
    get.call("sleeper", "GET", path, "").expect_status(200);
    for _ in 0..ROUNDS {
        let answer = get.function.call_frozen("sleeper", "GET", path, || get.end_connections());
        assert_eq!(answer.status, 200, "{answer:?}\n{}", get.function.log());
    }
}

fn an_opensearch_that_ended_its_connections(world: &World) {
    let stack = world.stack();
    let path = "/search/roles/none";
    let get = Watched::start(stack, "get-document");
    get.call("sleeper", "GET", path, "").expect_status(404);
    for _ in 0..ROUNDS {
        let answer = get.function.call_frozen("sleeper", "GET", path, || get.end_connections());
        assert_eq!(answer.status, 404, "{answer:?}\n{}", get.function.log());
    }
}

/// Which of the two a function sees first is chance.
const ROUNDS: usize = 20;
