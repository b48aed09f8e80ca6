//! The checks that need no run of the program, in the order of their length.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::tidy;

/// A check: its name, the command, and environment variables for it.
type Check = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const CHECKS: &[Check] = &[
    ("formatting", &["fmt", "--all", "--check"], &[]),
    // Advisories need a database from the network and change without a commit: the workflow asks for them apart.
    (
        "licences, sources and versions of dependencies",
        &["deny", "--locked", "check", "licenses", "sources", "bans"],
        &[],
    ),
    (
        "clippy, warnings denied",
        &["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"],
        &[],
    ),
    (
        "rustdoc, warnings denied",
        &["doc", "--locked", "--workspace", "--no-deps"],
        &[("RUSTDOCFLAGS", "--deny warnings")],
    ),
];

/// Runs all checks; the first that fails ends the run.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let started = Instant::now();
    println!("== tidy (after 0 s)");
    tidy::run(root)?;
    for (name, arguments, environment) in CHECKS {
        println!("== {name} (after {} s)", started.elapsed().as_secs());
        let mut cargo = Command::new("cargo");
        cargo.args(*arguments).envs(environment.iter().copied()).current_dir(root);
        let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
        if !status.success() {
            let hint = if arguments.first() == Some(&"deny") {
                "; if it is not installed: cargo install --locked cargo-deny"
            } else {
                ""
            };
            return Err(format!("{name}: `cargo {}` failed{hint}", arguments.join(" ")));
        }
    }
    println!("== all checks passed (after {} s)", started.elapsed().as_secs());
    Ok(())
}
