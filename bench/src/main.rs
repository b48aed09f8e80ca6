//! `cargo run --release -p bench -- COMMAND`: measures the cost of the functions beside others with the same work, and
//! writes docs/PERFORMANCE.md from the results.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unreachable_pub,
    reason = "a tool on its own numbers: it says what it found, and an index out of bounds ends it"
)]

mod builds;
mod callgrind;
mod cgroup;
mod cold;
mod contender;
mod contenders;
mod environment;
mod executables;
mod hidden;
mod http1;
mod in_process;
mod latency_proxy;
mod list;
mod load;
mod memory;
mod options;
mod output;
mod overhead;
mod profile;
mod progress;
mod report;
mod results;
mod runtime_api;
mod sandbox;
mod scale;
mod seal;
mod seeding;
mod serve;
mod statistics;
mod table;
mod test_bed;
mod tls;
mod tunings;
mod warm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the cost of Coffer's functions, beside others with the same work on the same services.
///
/// `cold`, `tunings`, `phases` and `warm` run on Linux as root, for they set each process's share of the processor. Results go to target/bench/NAME.json, and
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
    /// Starts of get-secret with one tuning taken away after the other
    Tunings(tunings::TuningsArgs),
    /// Requests one after the other in a sandbox that is there
    Warm(warm::WarmArgs),
    /// The instructions of a start and its first request, by phase; needs Valgrind
    Phases(profile::PhasesArgs),
    /// Overhead of handlers beyond the one call that they make
    Added(overhead::AddedArgs),
    /// Pages of secrets of an owner with few and of one with many: time, and capacity of the table
    List(list::ListArgs),
    /// The 404 of a hidden secret beside that of a missing one: whether time tells them apart
    Hidden(hidden::HiddenArgs),
    /// Sealing and opening, beside the cipher alone
    Seal(seal::SealArgs),
    /// Requests over tables of a thousand to a million secrets
    Scale(scale::ScaleArgs),
    /// `coffer serve` under load
    Serve(serve::ServeArgs),
    /// `coffer load` beside the plainest loop over `_bulk`: rate and memory
    Load(load::LoadArgs),
    /// Writes docs/PERFORMANCE.md and its charts from the results of the others
    Report,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Cold(args) => cold::run(&args),
        Command::Tunings(args) => tunings::run(&args),
        Command::Warm(args) => warm::run(&args),
        Command::Phases(args) => profile::run(&args),
        Command::Added(args) => overhead::run(&args),
        Command::List(args) => list::run(&args),
        Command::Hidden(args) => hidden::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::Scale(args) => scale::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Report => report::run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
