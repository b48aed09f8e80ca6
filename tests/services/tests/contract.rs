//! The black-box suite once more, with the functions as processes on real services where its own run has them in one
//! process on embedded stores.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use devstack::artefacts::{Artefacts, Processor};
use devstack::process::Group;
use devstack::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] =
    &[("the_contract_holds_for_functions_on_real_services", &[Need::Services], the_contract_holds)];

/// Tests of the suite on its own process or its own stores, which others can't run: how tests' names begin, and why.
/// The end of the run lists it.
const EMBEDDED_ONLY: &[(&str, &[&str])] = &[
    (
        "about the files of the embedded stores",
        &["at_rest::", "canary::a_running_server_shows_no_key", "embedded_documents::"],
    ),
    (
        "about the program `coffer`",
        &[
            "program::",
            "program_export::",
            "program_load::",
            "reference_page::",
            "token_dialects::the_local_server_accepts_its_own_tokens_under_settings_for_foreign_ones",
            "token_dialects::the_local_server_checks_the_issuer_of_its_own_tokens",
            "token_key_sets::a_key_that_is_left_out_is_logged_once_with_its_id_and_the_reason",
            "token_key_sets::a_set_of_many_keys_that_are_left_out_does_not_flood_the_log",
        ],
    ),
    ("thousands of requests, the same at any store", &["naughty_strings::"]),
    (
        "about a client that is handed to the server in its own process",
        &[
            "table_calls::",
            "table_faults::",
            "token_fetches::",
            "token_keys::",
            "search_opensearch::",
            "listing::a_page_is_not_charged_for_payloads_that_are_not_on_it",
            "listing::a_secret_that_is_deleted_while_the_page_is_made_is_left_out",
            "listing::a_table_that_keeps_leaving_keys_over_asks_clients_to_wait",
            "listing::keys_that_a_batch_leaves_over_are_asked_for_again",
            "listing::names_far_behind_a_page_are_counted_and_not_sent",
            "listing::names_that_take_several_queries_are_all_listed",
        ],
    ),
    (
        "documents that OpenSearch takes from nobody: members twice, the name of a field of its own, deep nesting",
        &[
            "search::a_type_beside_a_repeated_member_is_left_alone",
            "search::a_type_is_added_beside_a_repeated_member",
            "search::deeply_nested_members_come_back",
            "search::members_that_no_schema_lists_come_back",
            "search::the_order_of_members_and_repeated_members_come_back",
        ],
    ),
];

fn the_contract_holds(world: &World) {
    let stack = world.stack();
    let mut suite = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The same packages as those that are tested by default, so that nothing is built with other features.
    suite.args(["test", "--locked", "--test", "suite", "--"]);
    for (why, tests) in EMBEDDED_ONLY {
        for test in *tests {
            suite.args(["--skip", test]);
            eprintln!("not asked of functions on real services: {test}…: {why}");
        }
    }
    suite
        .current_dir(devstack::root())
        .env("COFFER_TEST_STORES", "real")
        .env(Artefacts::VARIABLE, Artefacts::of(Processor::here()).folder())
        .envs(stack.variables())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let suite = suite.spawn().unwrap();
    // It keeps functions for the tests to come, and can't stop them when it ends.
    let group = Group::of(&suite);
    let output = suite.wait_with_output().unwrap();
    drop(group);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    // A filter that leaves nothing would pass as well.
    let result = text.lines().find(|line| line.starts_with("test result: ok.")).unwrap_or_else(|| panic!("{text}"));
    let passed: u32 = result.split(' ').nth(3).unwrap().parse().unwrap();
    eprintln!("the contract on real services: {passed} tests passed");
    assert!(passed > 800, "{result}");
}
