//! Lambda freezes a sandbox between two requests: a function finds the events of that time together with the next
//! request.

use devstack::tools::Need;
use devstack::watched::Watched;

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

/// Number of rounds: which of the two a function sees first is chance.
const ROUNDS: usize = 20;

fn a_table_that_ended_its_connections(world: &World) {
    let create = Watched::start(world.stack(), "create-secret");
    create.call("sleeper", "POST", "/vault/api/v1/user/sleeper/secrets", r#"{"name":"db","data":{}}"#);
    every_answer_is(world, "get-secret", "/vault/api/v1/user/sleeper/secrets/db", 200);
}

fn an_opensearch_that_ended_its_connections(world: &World) {
    every_answer_is(world, "get-document", "/search/roles/none", 404);
}

/// Asks a function while it is frozen and the services end its connections.
fn every_answer_is(world: &World, function: &str, path: &str, status: u64) {
    let watched = Watched::start(world.stack(), function);
    watched.call("sleeper", "GET", path, "").expect_status(status);
    for _ in 0..ROUNDS {
        let answer = watched.function.call_frozen("sleeper", "GET", path, || watched.end_connections());
        assert_eq!(answer.status, status, "{answer:?}\n{}", watched.function.log());
    }
}
