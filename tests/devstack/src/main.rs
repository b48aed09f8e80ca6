//! `cargo run --bin services`: the real services on this machine, for functions that are tried by hand.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool that can't go on says why and ends"
)]

use std::fs;
use std::process::ExitCode;

use devstack::command;
use devstack::engine::{Bridge, Engine};
use devstack::examples;
use devstack::stack::Stack;
use devstack::tools::Need;

const HELP: &str = "\
Starts DynamoDB Local, a Secrets Manager API and OpenSearch on free ports, with a table, a keyring, the six indices and
the example documents, until Ctrl-C. Writes into target/services what functions on them are started with:

  tests.env            the variables that let tests use these services
  functions.env        settings, for cargo lambda watch --env-file
  functions.json       settings, for sam local --env-vars; where a Docker engine runs, containers reach the services
  events/FUNCTION.json an event for each function of the APIs, with a token that holds for an hour, and for
                       sync-documents a change of a document

Usage: cargo run --bin services";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => {}
        Some("--help" | "-h") => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("unknown argument {other}\n\n{HELP}");
            return ExitCode::from(2);
        }
    }
    if let Err(reason) = Need::Services.provide() {
        eprintln!("{reason}");
        return ExitCode::FAILURE;
    }
    let stack = Stack::start();
    let folder = devstack::root().join("target/services");
    fs::create_dir_all(folder.join("events")).unwrap();
    // Quoted as a shell wants it: a key set is full of quotes, and has no single one.
    let quoted = |name: &str, value: &str| format!("{name}='{value}'\n");
    let variables = stack.variables().map(|(name, value)| quoted(name, value));
    fs::write(folder.join("tests.env"), variables.concat()).unwrap();
    let settings: String = stack.settings().iter().map(|(name, value)| quoted(name, value)).collect();
    fs::write(folder.join("functions.env"), settings).unwrap();
    // Without containers nothing is reached from them.
    let engine = command::runs("docker", &["info"]).then(|| Engine::start(stack.folder()));
    let bridge = engine.as_ref().map(|engine| Bridge::new(&stack, engine));
    let containers = folder.join("functions.json");
    match &bridge {
        Some(bridge) => fs::write(containers, bridge.settings(&stack)).unwrap(),
        // One of an earlier run would mislead.
        None => drop(fs::remove_file(containers)),
    }
    for (function, event) in examples::events(&stack, "alice") {
        fs::write(folder.join("events").join(format!("{function}.json")), event).unwrap();
    }
    fs::write(folder.join("events/sync-documents.json"), examples::Change::of_the_example().event()).unwrap();
    stack.runtime().block_on(examples::put(&stack));

    println!("The services run; target/services holds what functions on them are started with. Stop with Ctrl-C.");
    stack.runtime().block_on(tokio::signal::ctrl_c()).unwrap();
    ExitCode::SUCCESS
}
