//! The program's commands.

mod alias;
mod cluster;
mod export;
mod lifetime;
mod load;
mod patience;
mod prepare;
mod progress;
mod serve;
mod stop;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use shared::names::IndexName;

pub use serve::Local;

/// Why a command failed. The text says what to do.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(
    name = "coffer",
    version,
    about = "A vault for personal secrets and a reader of search documents, on this machine"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// The data folder, unless another is named.
const DEFAULT_DATA: &str = ".coffer";

/// Where the data are.
#[derive(Debug, Args)]
struct DataArgs {
    /// The folder that keeps secrets, documents and keys; only its owner can read it
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_DATA)]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve both APIs on one port of 127.0.0.1; what happens without a command, too
    Serve(serve::ServeArgs),
    /// Print a token for the local server
    Token(token::TokenArgs),
    /// Load documents, one JSON object a line
    Load(load::LoadArgs),
    /// Print the documents of an index, one a line, in the order of their ids
    Export(export::ExportArgs),
    /// Make the indices in OpenSearch, or bring them up to date
    Prepare(prepare::PrepareArgs),
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let data = &cli.data.data;
    let result = match cli.command {
        None => serve::run(&cli.serve, data),
        Some(Command::Serve(args)) => serve::run(&args, data),
        Some(Command::Token(args)) => token::run(args, data).map(|()| ExitCode::SUCCESS),
        Some(Command::Load(args)) => load::run(&args, data),
        Some(Command::Export(args)) => export::run(&args, data),
        Some(Command::Prepare(args)) => prepare::run(&args),
    };
    result.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

/// Reads the name of an index.
fn index(text: &str) -> Result<IndexName, String> {
    IndexName::parse(text).ok_or_else(|| format!("the indices are {}", IndexName::list()))
}

/// Says on standard error what is wrong.
#[expect(clippy::print_stderr, reason = "a program speaks to the person who started it")]
fn complain(what: &str) {
    for line in what.lines() {
        eprintln!("coffer: {line}");
    }
}

/// Says on standard error how things are.
#[expect(clippy::print_stderr, reason = "a program speaks to the person who started it")]
fn note(what: &str) {
    eprintln!("{what}");
}

/// Prints to standard output.
#[expect(clippy::print_stdout, reason = "what a command was asked for")]
fn say(what: &str) {
    println!("{what}");
}
