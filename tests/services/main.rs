//! The functions as Lambda runs them: each binary a process under the runtime interface emulator, on DynamoDB Local, a
//! Secrets Manager API and OpenSearch. The services are fetched on first use and kept in a cache, started on free
//! ports before the first test, and stopped after the last. A URL in the environment replaces any of them.
//!
//! `cargo test` at the root doesn't run this: it needs Java, Maven and Python, where the rest needs Rust alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "a test that can't go on has failed"
)]

mod documents;
mod fetch;
mod function;
mod process;
mod stack;
mod start_up;
mod vault;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use stack::Stack;

/// A test: its name, and what it does with the services.
type Test = (&'static str, fn(&Stack));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests: Vec<Test> = [vault::TESTS, documents::TESTS, start_up::TESTS].concat();
    let listing = arguments.list;
    // What runs is decided before anything is started: a list needs no services.
    let stack = if listing { None } else { Some(Arc::new(Stack::start())) };
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            let stack = stack.clone();
            Trial::test(name, move || {
                test(&stack.expect("services are started for tests that run"));
                Ok(())
            })
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Stops the services: the last trial gave its part back.
    drop(stack);
    conclusion.exit_code()
}
