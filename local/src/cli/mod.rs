//! The program's commands.

mod alias;
mod args;
mod backoff;
mod cluster;
mod duration;
mod error;
mod export;
mod load;
mod output;
mod prepare;
mod progress;
mod serve;
mod shutdown;
mod token;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use error::CommandError;

use args::DEFAULT_DATA;
use output::complain;

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
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_DATA)]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve both APIs on one port of 127.0.0.1; the default command
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
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(text) => return usage(&text),
    };
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

/// Prints the help, the version or an error of usage. The help is a result: the exit status is 1 where it could not be
/// written.
fn usage(text: &clap::Error) -> ExitCode {
    let written = text.print().and_then(|()| io::stdout().flush());
    match (text.use_stderr(), written) {
        (true, _) => ExitCode::from(2),
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(error)) => {
            complain(&format!("standard output: {error}"));
            ExitCode::FAILURE
        }
    }
}
