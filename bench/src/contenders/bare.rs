//! The floor, `bench/bare`: built as the functions are, and asked for no more than an item.

use std::process::Command;

use services::{fetch, root};

use super::Contender;

pub(super) const NAME: &str = "bare";

/// Builds it.
pub(super) fn contender() -> Result<Contender, String> {
    eprintln!("building the bare program …");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--release", "--package", NAME]).current_dir(root());
    fetch::run(&mut build, "Rust with cargo on the path")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let binary = target.join("release").join(NAME).canonicalize().map_err(|error| format!("{NAME}: {error}"))?;
    Ok(Contender {
        name: NAME.to_owned(),
        function: "get-secret",
        command: vec![binary.into()],
        environment: Vec::new(),
        equal: false,
    })
}
