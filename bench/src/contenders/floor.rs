//! The floor, `bench/floor`: built as the functions are, and asked for no more than an item; and the same with the keyring.

use std::iter;

use crate::builds::Build;
use crate::contender::Contender;

pub(super) const NAME: &str = "bare";
/// The floor of both calls: from the second request on it does the same work as the other.
pub const WITH_KEYRING: &str = "bare-keyring";
const PACKAGE: &str = "floor";

/// Builds it.
pub(super) fn contender() -> Result<Contender, String> {
    made(NAME, &[])
}

/// The same, with both calls that the work takes.
pub(super) fn with_keyring() -> Result<Contender, String> {
    made(WITH_KEYRING, &["--keyring"])
}

fn made(name: &str, arguments: &[&str]) -> Result<Contender, String> {
    eprintln!("building the bare program …");
    let binary = Build::of(PACKAGE).binary()?;
    Ok(Contender {
        name: name.to_owned(),
        function: "get-secret",
        command: iter::once(binary.into()).chain(arguments.iter().map(Into::into)).collect(),
        environment: Vec::new(),
        equal: false,
    })
}
