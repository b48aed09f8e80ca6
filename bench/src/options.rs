//! Options that several benchmarks have.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use devstack::root;

use crate::contenders::OtherBuild;

/// Function under measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Function {
    /// A secret: table, keyring, token, sealing
    GetSecret,
    /// A document: OpenSearch, token
    GetDocument,
}

impl Function {
    /// The crate's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetSecret => "get-secret",
            Self::GetDocument => "get-document",
        }
    }
}

/// Which function is measured.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Functions {
    GetSecret,
    GetDocument,
    All,
}

/// Participants of a benchmark.
#[derive(Debug, Args)]
pub struct Participants {
    /// The function that is measured
    #[arg(long, value_enum, default_value = "all")]
    function: Functions,
    /// Another build of Coffer that takes part: a binary, or the folder of a `cargo lambda build`; may be given several
    /// times
    #[arg(long = "contender", value_name = "NAME=PATH", value_parser = OtherBuild::parse)]
    pub builds: Vec<OtherBuild>,
    /// Only these beside coffer, separated by commas: bare, bare-keyring, node, python, or the name of another build
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    #[command(flatten)]
    seed: Seed,
}

/// The program that is measured.
#[derive(Debug, Args)]
pub struct Program {
    /// The program; target/release/coffer if not given
    #[arg(long, value_name = "PATH")]
    coffer: Option<PathBuf>,
}

impl Program {
    /// Where it is.
    ///
    /// # Errors
    /// If it isn't there: how it is built.
    pub fn path(&self) -> Result<PathBuf, String> {
        let coffer = self.coffer.clone().unwrap_or_else(|| root().join("target/release/coffer"));
        coffer.canonicalize().map_err(|error| {
            format!(
                "{}: {error}. Run `cargo build --release -p local`, or name another with --coffer",
                coffer.display()
            )
        })
    }
}

/// Where random draws begin.
#[derive(Debug, Args)]
pub struct Seed {
    /// Seed of random draws, for the same intervals from the same samples; drawn if not given
    #[arg(long)]
    seed: Option<u64>,
}

impl Seed {
    /// The seed that was given, or one that was drawn.
    pub fn seed(&self) -> u64 {
        // Few enough digits to be exact in a JSON number of any reader.
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(0) >> 16)
    }
}

impl Participants {
    /// The functions that are measured.
    pub fn functions(&self) -> Vec<Function> {
        match self.function {
            Functions::GetSecret => vec![Function::GetSecret],
            Functions::GetDocument => vec![Function::GetDocument],
            Functions::All => vec![Function::GetSecret, Function::GetDocument],
        }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed.seed()
    }
}
