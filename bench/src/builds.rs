//! Programs of this workspace, built for the benchmark.

use std::path::PathBuf;
use std::process::Command;

use devstack::artefacts::{Processor, build_with};
use devstack::root;

use crate::output;

/// Further linker arguments of the functions; see `.cargo/config.toml`.
const RELOCATABLE: &str = r#"build.rustflags=["-C","link-arg=-pie"]"#;

/// A program, and how it is built.
#[derive(Debug, Clone)]
pub struct Build {
    package: &'static str,
    /// True if it needs the machine's libraries, as a default build of cargo-lambda does.
    shared_libraries: bool,
    source: PathBuf,
    target: Option<PathBuf>,
    settings: Vec<String>,
    environment: Vec<(&'static str, &'static str)>,
}

impl Build {
    /// As the functions are: with the profile for releases, linked statically.
    pub fn of(package: &'static str) -> Self {
        Self {
            package,
            shared_libraries: false,
            source: root().to_owned(),
            target: None,
            settings: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Linked with the machine's libraries.
    pub fn with_shared_libraries(mut self) -> Self {
        self.shared_libraries = true;
        self
    }

    /// From another copy of the workspace.
    pub fn from(mut self, source: PathBuf) -> Self {
        self.source = source;
        self
    }

    /// In a folder of its own, so that nothing else has to be built again.
    pub fn in_folder(mut self, target: PathBuf) -> Self {
        self.target = Some(target);
        self
    }

    /// With another value for a setting of cargo's.
    pub fn with(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// With a variable of the environment.
    pub fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Builds it; where it is.
    pub fn binary(&self) -> Result<PathBuf, String> {
        let processor = Processor::here();
        let mut command = Command::new("cargo");
        command.args(["lambda", "build", "--release", "--package", self.package]).current_dir(&self.source);
        if self.shared_libraries {
            command.args(["--target", &format!("{}-unknown-linux-gnu", processor.rust())]);
        } else {
            command.args(["--target", &processor.target(), "--config", RELOCATABLE]);
        }
        command.args(self.settings.iter().flat_map(|setting| ["--config", setting]));
        command.envs(self.environment.iter().copied());
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        let folder = self.target.clone().map_or_else(|| output::folder("built"), Ok)?;
        let folder = folder.join(if self.shared_libraries { "shared" } else { "static" });
        build_with(processor, &mut command, &folder)?;
        let binary = folder.join(self.package).join("bootstrap");
        binary.canonicalize().map_err(|error| format!("{}: {error}", binary.display()))
    }
}
