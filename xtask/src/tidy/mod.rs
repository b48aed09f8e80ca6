//! `cargo xtask tidy`: repository rules that neither the compiler nor clippy checks.

mod comments;
mod crates;
mod cycles;
mod doc_comments;
mod resolve;
mod violation;
mod words;

use std::path::Path;
use std::process::Command;

use comments::comments;
use crates::Sources;
use violation::Violation;
use words::Counts;

/// Top-level folders with counted comments.
const COUNTED: [&str; 5] = ["shared", "functions", "local", "bench", "tests"];

/// Files that other projects wrote.
const VECTORS: &str = "tests/vectors/";

/// Checks all tracked Rust files, and prints the violations and the report of words.
///
/// # Errors
/// Violations, a file that can't be read or parsed, or Git missing.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let sources = sources(root)?;
    let (violations, report) = check(&sources)?;
    println!("{report}");
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => Ok(()),
        1 => Err("tidy: 1 violation".to_owned()),
        number => Err(format!("tidy: {number} violations")),
    }
}

/// Tracked Rust files as they are in the work tree.
fn sources(root: &Path) -> Result<Sources, String> {
    let list = Command::new("git").args(["ls-files", "-z", "*.rs"]).current_dir(root).output();
    let list = list.map_err(|error| format!("git: {error}"))?;
    if !list.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&list.stderr).trim()));
    }
    let mut sources = Sources::new();
    for file in String::from_utf8_lossy(&list.stdout).split_terminator('\0') {
        let path = root.join(file);
        // A file may be deleted and not yet committed.
        if !file.starts_with(VECTORS) && path.exists() {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
            sources.insert(file.to_owned(), text);
        }
    }
    Ok(sources)
}

/// Violations of all rules, and the report of words.
fn check(sources: &Sources) -> Result<(Vec<Violation>, String), String> {
    let mut violations = Vec::new();
    let mut groups = COUNTED.map(|name| (name, Counts::default()));
    for (file, text) in sources {
        let comments = comments(text);
        violations.extend(doc_comments::header(file, &comments));
        violations.extend(doc_comments::openings(file, &comments));
        let group = groups.iter_mut().find(|(name, _)| file.split('/').next() == Some(*name));
        if let Some((_, counts)) = group {
            counts.add(&comments);
        }
    }
    violations.extend(cycles::violations(sources)?);
    Ok((violations, words::table(&groups)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_violation_of_each_rule_is_found() {
        let sources = [
            ("local/src/main.rs", "//! Program.\nmod a; mod b;\n/// What is left.\nfn main() {}\n"),
            ("local/src/a.rs", "pub fn f() { crate::b::g() }\n"),
            ("local/src/b.rs", "//! B.\npub fn g() { crate::a::f() }\n"),
        ];
        let sources = sources.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
        let (violations, report) = check(&sources).unwrap();
        let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
        let expected = [
            "local/src/a.rs:1: the file has no `//!` line",
            "local/src/main.rs:3: a doc comment begins with `What`",
            "local/src/a.rs:1: files use each other",
            "local/src/a.rs:1: top-level modules use each other",
        ];
        assert_eq!(violations.len(), expected.len(), "{violations:#?}");
        assert!(violations.iter().zip(expected).all(|(found, start)| found.starts_with(start)), "{violations:#?}");
        assert!(report.contains("local"), "{report}");
    }

    #[test]
    fn the_files_of_this_repository_are_found() {
        let sources = sources(&crate::root()).unwrap();
        assert!(sources.contains_key("xtask/src/tidy/mod.rs"));
        assert!(!sources.keys().any(|file| file.starts_with(VECTORS)));
    }
}
