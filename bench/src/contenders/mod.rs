//! Contenders: programs that answer the same events on the same services.

mod floor;
mod node;
mod python;

use std::path::{Path, PathBuf};

use crate::contender::{COFFER, Contender};
use crate::test_bed::TestBed;

pub use floor::WITH_KEYRING;

/// A build of Coffer's functions that takes part beside the one that is measured.
#[derive(Debug, Clone)]
pub struct OtherBuild {
    name: String,
    path: PathBuf,
}

impl OtherBuild {
    /// Reads `NAME=PATH`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("of the form NAME=PATH")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err("a name has letters, digits, '-', '_' and '.'".to_owned());
        }
        let path = Path::new(path).canonicalize().map_err(|error| format!("{path}: {error}"))?;
        Ok(Self { name: name.to_owned(), path })
    }

    /// The binary of a function: the path itself, or the binary that `cargo lambda build` puts below it.
    fn binary(&self, function: &str) -> Result<PathBuf, String> {
        if self.path.is_file() {
            return Ok(self.path.clone());
        }
        let binary = self.path.join(function).join("bootstrap");
        if binary.is_file() { Ok(binary) } else { Err(format!("{} is not there; build it first", binary.display())) }
    }
}

/// All contenders for a function; with `only`, Coffer and those of these names. Contenders are built as needed.
///
/// # Errors
/// The build that failed, and the package to install.
pub fn of(
    function: &'static str,
    site: &TestBed,
    others: &[OtherBuild],
    only: &[String],
) -> Result<Vec<Contender>, String> {
    let wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    let mut all = vec![Contender::coffer(COFFER, function, site.function(function))];
    if function == "get-secret" && wanted(floor::NAME) {
        all.push(floor::contender()?);
    }
    if function == "get-secret" && wanted(floor::WITH_KEYRING) {
        all.push(floor::with_keyring()?);
    }
    if wanted(node::NAME) {
        all.push(node::contender(function, site.root_certificate())?);
    }
    if wanted(python::NAME) {
        all.push(python::contender(function)?);
    }
    for other in others.iter().filter(|other| wanted(&other.name)) {
        all.push(Contender::coffer(&other.name, function, other.binary(function)?));
    }
    Ok(all)
}
