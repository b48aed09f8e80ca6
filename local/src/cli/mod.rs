//! The program's commands.

mod cluster;
mod lifetime;
mod load;
mod prepare;
mod serve;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

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

/// Where the data are.
#[derive(Debug, Args)]
struct DataArgs {
    /// The folder that keeps secrets, documents and keys; only its owner can read it
    #[arg(long, global = true, value_name = "DIR", default_value = ".coffer")]
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
        Some(Command::Prepare(args)) => prepare::run(&args),
    };
    result.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

/// Says on standard error what is wrong.
#[expect(clippy::print_stderr, reason = "a program speaks to the person who started it")]
fn complain(what: &str) {
    for line in what.lines() {
        eprintln!("coffer: {line}");
    }
}

/// Prints to standard output.
#[expect(clippy::print_stdout, reason = "what a command was asked for")]
fn say(what: &str) {
    println!("{what}");
}
