//! Tools that have to be on the machine. A missing tool is installed where possible — on Debian, as root — and reported
//! elsewhere.

use std::collections::BTreeSet;
use std::path::Path;

use crate::artefacts::Processor;
use crate::command::runs;
use crate::fetch;

/// Needs of a test beside Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// DynamoDB Local, a Secrets Manager API, OpenSearch, and the functions as they are deployed.
    Services,
    /// A container engine.
    Engine,
    /// Something that runs programs for the other processor.
    Emulation,
}

impl Need {
    /// Provides the needs.
    ///
    /// # Errors
    /// The missing tool and its package, in one line.
    pub fn provide(self) -> Result<(), String> {
        match self {
            Self::Services => {
                install(|| fetch::java(21).is_some(), &["openjdk-21-jre-headless", "default-jre-headless"], "Java 21")?;
                install(|| runs("mvn", &["--version"]), &["maven"], "Maven")?;
                let venv = || runs("python3", &["-c", "import ensurepip, venv"]);
                install(venv, &["python3-venv"], "Python 3.10 with venv")?;
                install(|| runs("readelf", &["--version"]), &["binutils"], "readelf of the GNU binutils")
            }
            Self::Engine => {
                // An engine that runs already needs nothing of ours but the base image.
                let engine = || runs("docker", &["info"]) || Path::new("/usr/sbin/dockerd").exists();
                install(engine, &["docker.io runc iptables"], "a Docker engine")?;
                let pulled = || crate::engine::base_image_is_there() || runs("debootstrap", &["--version"]);
                install(pulled, &["debootstrap"], "debootstrap, or Lambda's base image for provided.al2023")
            }
            Self::Emulation => {
                let interpreter = format!("qemu-{}-static", Processor::here().other().rust());
                install(|| runs(&interpreter, &["--version"]), &["qemu-user-static"], &interpreter)
            }
        }
    }
}

/// Installs the first possible set of some Debian packages, unless the tool is there.
fn install(there: impl Fn() -> bool, packages: &[&str], what: &str) -> Result<(), String> {
    if there() {
        return Ok(());
    }
    if runs("apt-get", &["--version"]) && runs("sh", &["-c", "test $(id -u) = 0"]) {
        eprintln!("installing {what} …");
        runs("apt-get", &["update", "-q"]);
        for set in packages {
            let mut apt = vec!["install", "-q", "-y", "--no-install-recommends"];
            apt.extend(set.split(' '));
            if runs("apt-get", &apt) && there() {
                return Ok(());
            }
        }
    }
    let debian = packages.first().copied().unwrap_or_default();
    Err(format!("{what} is missing (Debian: apt-get install {debian})"))
}

/// The needs that can't be met, each with the reason.
pub fn provide(needs: &BTreeSet<Need>) -> Vec<(Need, String)> {
    needs.iter().filter_map(|need| need.provide().err().map(|reason| (*need, reason))).collect()
}
