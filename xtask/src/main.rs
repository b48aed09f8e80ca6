//! `cargo xtask`: the checks of a change, and the documentation run as it is written.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to the person who started it")]

mod check;
mod counts;
mod docs;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The everyday commands of this repository")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a change without running it: tidy, formatting, licences and sources of dependencies, clippy, rustdoc
    Check,
    /// Run every `sh` block of README.md and docs/*.md in this folder, byte for byte, `cargo test` among them
    Docs {
        /// List the blocks and their actions, and run none
        #[arg(long)]
        list: bool,
        /// Run the sections with this text in their heading, and no others
        #[arg(long, value_name = "TEXT")]
        section: Option<String>,
    },
    /// Check comments and module cycles in tracked Rust files, and count words of comments
    Tidy,
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check => check::run(&root()),
        Command::Docs { list: true, .. } => docs::list(&root()),
        Command::Docs { section, .. } => docs::run(&root(), section.as_deref()),
        Command::Tidy => tidy::run(&root()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
