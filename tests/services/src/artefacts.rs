//! The functions as they are deployed: built by the SAM CLI with cargo-lambda.

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

/// What `sam build` made for a processor: a template, and a folder for each function.
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

    /// The template with the places of what was built.
    pub fn template(&self) -> PathBuf {
        self.0.join("template.yaml")
    }

    /// The binary of a function, by its crate's name.
    pub fn binary(&self, function: &str) -> PathBuf {
        let (_, resource) = FUNCTIONS.iter().find(|(name, _)| *name == function).expect("a function's name");
        self.0.join(resource).join("bootstrap")
    }
}

/// The SAM CLI with cargo-lambda on its path.
pub fn sam() -> Command {
    let mut sam = Command::new(sam_cli().join("bin/sam"));
    sam.current_dir(root())
        .env("PATH", path_with(&[&cargo_lambda().join("bin")]))
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

/// The folder of cargo-lambda, which brings the linker.
pub fn cargo_lambda() -> PathBuf {
    fetch::python("cargo-lambda", "1.9.2")
}

/// The search path with these folders before it.
pub fn path_with(folders: &[&Path]) -> std::ffi::OsString {
    let known = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().map(|folder| folder.to_path_buf()).chain(std::env::split_paths(&known));
    std::env::join_paths(all).unwrap()
}

/// Builds functions together, for the SAM CLI builds one after the other, and a link takes one core only.
fn build(processor: Processor) -> Artefacts {
    eprintln!("building the functions for {processor} …");
    let target = format!("{}-unknown-linux-gnu", processor.rust());
    // A toolchain without rustup has its targets from elsewhere.
    let _ = Command::new("rustup").args(["target", "add", &target]).current_dir(root()).output();
    // The SAM CLI asks for one function at a time. What it asks for is there already if it was built with the same
    // features of what functions share: these two have others than the rest.
    let alone = ["sync-documents", "prepare-search"];
    let (own, rest): (Vec<_>, Vec<_>) =
        FUNCTIONS.map(|(name, _)| name).into_iter().partition(|name| alone.contains(name));
    for together in std::iter::once(rest).chain(own.into_iter().map(|name| vec![name])) {
        let mut all = Command::new(cargo_lambda().join("bin/cargo-lambda"));
        all.args([
            "lambda",
            "build",
            "--quiet",
            "--release",
            if processor == Processor::Arm { "--arm64" } else { "--x86-64" },
        ]);
        for name in together {
            all.args(["--package", name]);
        }
        all.current_dir(root()).env("PATH", path_with(&[&cargo_lambda().join("bin")]));
        fetch::run(&mut all, "Rust by rustup").unwrap();
    }

    let folder = root().join("target/sam").join(processor.to_string());
    fs::create_dir_all(&folder).unwrap();
    let log = folder.with_extension("log");
    let output = fs::File::create(&log).unwrap();
    let mut build = sam();
    build
        .args(["build", "--beta-features", "--parameter-overrides", &format!("Architecture={processor}")])
        .arg("--build-dir")
        .arg(&folder)
        .stdout(output.try_clone().unwrap())
        .stderr(output);
    let status = build.status().unwrap();
    assert!(status.success(), "sam build for {processor}: {}", fs::read_to_string(&log).unwrap_or_default());
    Artefacts(folder)
}
