//! The functions as Lambda runs them, on real services: each binary as it is deployed, a process under the runtime
//! interface emulator or a container of `sam local`, on DynamoDB Local, a Secrets Manager API and OpenSearch.
//!
//! A missing tool of some tests is installed where that can be done. Elsewhere those tests don't run: they are listed
//! at the end with the missing tool, and with `CI` in the environment that is a failure.

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

mod calls;
mod containers;
mod contract;
mod deployed;
mod description;
mod documents;
mod events;
mod faults;
mod frozen;
mod load;
mod policies;
mod prepare;
mod program;
mod rotation;
mod signatures;
mod start_up;
mod stored_bytes;
mod sync;
mod template;
mod vault;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use devstack::engine::Engine;
use devstack::stack::Stack;
use devstack::tools::{self, Need};
use libtest_mimic::{Arguments, Trial};

/// A test: its name, its needs, and its function.
type Test = (&'static str, &'static [Need], fn(&World));

/// A test that is made at run time, from a file say.
type MadeTest = (String, &'static [Need], Box<dyn FnOnce(&World) + Send>);

/// World of the tests. Each part starts when the first test needs it, and stops when all tests are over.
#[derive(Default)]
struct World {
    // Stops before the services do.
    events: events::Processes,
    stack: OnceLock<Stack>,
    engine: OnceLock<Engine>,
}

impl World {
    /// The services.
    fn stack(&self) -> &Stack {
        self.stack.get_or_init(Stack::start)
    }

    /// The container engine.
    fn engine(&self) -> &Engine {
        self.engine.get_or_init(|| Engine::start(self.stack().folder()))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // The quick ones first; tests that take all of the machine last.
    let written: Vec<Test> = [
        vault::TESTS,
        documents::TESTS,
        start_up::TESTS,
        frozen::TESTS,
        calls::TESTS,
        policies::TESTS,
        signatures::TESTS,
        faults::dynamodb::TESTS,
        faults::lost_answers::TESTS,
        faults::keyring::TESTS,
        faults::key_server::TESTS,
        faults::opensearch::TESTS,
        sync::TESTS,
        load::rules::TESTS,
        load::faults::TESTS,
        load::export::TESTS,
        load::output::TESTS,
        load::round_trip::TESTS,
        prepare::fields::TESTS,
        prepare::domain::TESTS,
        prepare::resource::TESTS,
        prepare::policy::TESTS,
        prepare::steps::TESTS,
        prepare::at_work::TESTS,
        stored_bytes::TESTS,
        rotation::TESTS,
        description::TESTS,
        deployed::TESTS,
        containers::TESTS,
        contract::TESTS,
    ]
    .concat();
    let boxed = |(name, needs, test): Test| -> MadeTest { (name.to_owned(), needs, Box::new(test)) };
    let tests: Vec<MadeTest> = written.into_iter().map(boxed).chain(events::tests()).collect();
    let chosen = |name: &str| {
        let matches = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter) };
        arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(|skip| name.contains(skip))
    };
    // A list needs nothing.
    let chosen_tests = tests.iter().filter(|(name, _, _)| !arguments.list && chosen(name));
    let needs: BTreeSet<Need> = chosen_tests.flat_map(|(_, needs, _)| needs.iter().copied()).collect();
    let missing = tools::provide(&needs);
    let lacks =
        |needs: &[Need]| missing.iter().find(|(need, _)| needs.contains(need)).map(|(_, reason)| reason.clone());

    let world = Arc::new(World::default());
    let mut not_run = Vec::new();
    let trials = tests
        .into_iter()
        .map(|(name, needs, test)| {
            let reason = lacks(needs).filter(|_| chosen(&name));
            let world = Arc::clone(&world);
            let trial = Trial::test(name.clone(), move || {
                test(&world);
                Ok(())
            });
            let ignored = reason.is_some();
            not_run.extend(reason.map(|reason| (name, reason)));
            trial.with_ignored_flag(ignored)
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Stops the services: the last trial gave its part back.
    drop(world);
    for (name, reason) in &not_run {
        eprintln!("did not run: {name}: {reason}");
    }
    if !not_run.is_empty() && std::env::var_os("CI").is_some() {
        eprintln!("{} tests did not run, and here all have to", not_run.len());
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}
