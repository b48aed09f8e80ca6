//! The functions as they are deployed: built with cargo-lambda by the aliases of `.cargo/config.toml`.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{fetch, root};

/// All functions: their crate's name, and their resource in the template.
pub const FUNCTIONS: [(&str, &str); 8] = [
    ("list-secrets", "ListSecrets"),
    ("create-secret", "CreateSecret"),
    ("get-secret", "GetSecret"),
    ("update-secret", "UpdateSecret"),
    ("delete-secret", "DeleteSecret"),
    ("get-document", "GetDocument"),
    ("sync-documents", "SyncDocuments"),
    ("prepare-search", "PrepareSearch"),
];

/// A processor that functions are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processor {
    /// AMD and Intel.
    X86,
    /// Graviton.
    Arm,
}

impl Processor {
    /// Both.
    pub const ALL: [Self; 2] = [Self::X86, Self::Arm];

    /// That of this machine.
    pub const fn here() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm } else { Self::X86 }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::X86 => Self::Arm,
            Self::Arm => Self::X86,
        }
    }

    /// Its name in Rust's targets.
    pub const fn rust(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }

    /// The target that functions are built for: a C library that is linked statically.
    pub fn target(self) -> String {
        format!("{}-unknown-linux-musl", self.rust())
    }
}

/// The name that Lambda has for it.
impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        })
    }
}

/// Artefacts of a processor: a folder for each function.
#[derive(Debug)]
pub struct Artefacts(PathBuf);

impl Artefacts {
    /// Builds them, unless this process has done it already, or `COFFER_TEST_FUNCTIONS` names the folder of a build
    /// for this machine's processor.
    pub fn of(processor: Processor) -> &'static Self {
        static BUILT: [OnceLock<Artefacts>; 2] = [OnceLock::new(), OnceLock::new()];
        let given = std::env::var_os(Self::VARIABLE).filter(|_| processor == Processor::here());
        BUILT[usize::from(processor == Processor::Arm)].get_or_init(|| match given {
            Some(folder) => Self(folder.into()),
            None => build(processor),
        })
    }

    /// The variable that names a build for this machine's processor.
    pub const VARIABLE: &str = "COFFER_TEST_FUNCTIONS";

    /// The folder of the build.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The template with the paths of the built functions, written beside it.
    pub fn template(&self) -> PathBuf {
        let template = fs::read_to_string(root().join("template.yaml")).unwrap();
        let folder = self.0.canonicalize().unwrap();
        let written = folder.join("template.yaml");
        fs::write(&written, template.replace("CodeUri: target/lambda/", &format!("CodeUri: {}/", folder.display())))
            .unwrap();
        written
    }

    /// The binary of a function, by its crate's name.
    pub fn binary(&self, function: &str) -> PathBuf {
        self.0.join(function).join("bootstrap")
    }
}

/// The SAM CLI.
pub fn sam() -> Command {
    let mut sam = Command::new(sam_cli().join("bin/sam"));
    sam.current_dir(root())
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    sam
}

/// The folder of the SAM CLI.
pub fn sam_cli() -> PathBuf {
    fetch::python("aws-sam-cli", "1.170.0")
}

/// Version of cargo-lambda, which brings the linker.
const CARGO_LAMBDA: &str = "1.9.2";

/// Search path on which cargo-lambda is found. An installed one of the right version is used: the linker's path is part
/// of Cargo's comparison, and another one would rebuild everything.
fn path_with_cargo_lambda() -> OsString {
    let known = std::env::var_os("PATH").unwrap_or_default();
    let installed = Command::new("cargo").args(["lambda", "--version"]).output();
    let installed = installed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if installed.split(' ').nth(1) == Some(CARGO_LAMBDA) {
        return known;
    }
    let fetched = fetch::python("cargo-lambda", CARGO_LAMBDA).join("bin");
    std::env::join_paths(std::iter::once(fetched).chain(std::env::split_paths(&known))).unwrap()
}

/// A build with cargo-lambda for a processor, which a folder is given for: `cargo` with a subcommand and its arguments.
pub fn build_with(processor: Processor, command: &mut Command, folder: &Path) -> Result<(), String> {
    // A toolchain without rustup has its targets from elsewhere.
    let _ = Command::new("rustup").args(["target", "add", &processor.target()]).current_dir(root()).output();
    command.arg("--quiet").arg("--lambda-dir").arg(folder);
    command.env("PATH", path_with_cargo_lambda());
    fetch::run(command, "Rust by rustup")
}

fn build(processor: Processor) -> Artefacts {
    eprintln!("building the functions for {processor} …");
    let folder = root().join("target/functions").join(processor.to_string());
    // Earlier builds are not under test.
    let _ = fs::remove_dir_all(&folder);
    let mut functions = Command::new("cargo");
    functions.arg(if processor == Processor::Arm { "functions" } else { "functions-x86" }).current_dir(root());
    build_with(processor, &mut functions, &folder).unwrap();
    Artefacts(folder)
}
