//! `cargo run --release -p bench -- COMMAND`: measures what the functions cost beside others that do the same work, and
//! writes docs/PERFORMANCE.md from what was measured.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unreachable_pub,
    reason = "a tool on its own numbers: it says what it found, and an index out of bounds ends it"
)]

mod about;
mod cgroup;
mod cold;
mod contenders;
mod delay;
mod options;
mod output;
mod progress;
mod report;
mod runtime_api;
mod sandbox;
mod site;
mod statistics;
mod table;
mod tls;
mod warm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures what Coffer's functions cost, beside others that do the same work on the same services.
///
/// Runs on Linux as root, for it sets each process's share of the processor. Results go to target/bench/NAME.json, and
/// from there with `report` to docs/PERFORMANCE.md.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts of a function, each with its first request, at several memory sizes
    Cold(cold::ColdArgs),
    /// Requests one after the other in a sandbox that is there
    Warm(warm::WarmArgs),
    /// Writes docs/PERFORMANCE.md and its charts from the results of the others
    Report,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Cold(args) => cold::run(&args),
        Command::Warm(args) => warm::run(&args),
        Command::Report => report::run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
