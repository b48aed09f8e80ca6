//! The documentation, run as it is written: each `sh` block goes to a shell byte for byte, and has to print the `text`
//! block after it.
//!
//! A section lies between two headings. Its blocks share one shell, as if somebody pasted them one after the other into
//! a terminal. A block that serves gets a terminal of its own, and is interrupted at the end of its section.

mod blocks;
mod expected;
mod lists;
mod server;
mod shell;
mod workspace;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use blocks::{Block, Section};
use lists::Action;
use server::Server;
use shell::Shell;
use workspace::Workspace;

use crate::counts;

/// Block that prints the numbers of tests.
const TESTS: &str = "cargo test\n";

/// Markdown files of the repository: README.md first, then by name.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("git").args(["ls-files", "*.md"]).current_dir(root).output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        return Err("`git ls-files` failed: the documentation is run in a clone".to_owned());
    }
    let mut files: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    files.sort_by_key(|file| (file != "README.md", file.clone()));
    Ok(files)
}

fn sections(root: &Path) -> Result<Vec<Section>, String> {
    let mut sections = Vec::new();
    for file in files(root)? {
        let text = std::fs::read_to_string(root.join(&file)).map_err(|error| format!("{file}: {error}"))?;
        sections.extend(blocks::sections(&file, &text)?);
    }
    lists::check(sections.iter().flat_map(|section| &section.blocks).map(|block| block.text.as_str()))?;
    Ok(sections)
}

/// Prints each block with its action.
pub(crate) fn list(root: &Path) -> Result<(), String> {
    for section in sections(root)? {
        for block in &section.blocks {
            match lists::action(&block.text) {
                Action::Run => println!("{}: runs", block.place),
                Action::Serve { .. } => println!("{}: serves until the end of its section", block.place),
                Action::Leave { reason } => println!("{}: does not run: {reason}", block.place),
            }
        }
    }
    Ok(())
}

/// Runs all blocks, or those of the sections with `only` in their heading.
pub(crate) fn run(root: &Path, only: Option<&str>) -> Result<(), String> {
    let workspace = Workspace::new(root)?;
    let started = Instant::now();
    let (mut ran, mut left) = (0, Vec::new());
    let sections = sections(root)?;
    let chosen: Vec<&Section> =
        sections.iter().filter(|section| only.is_none_or(|only| section.heading.contains(only))).collect();
    if chosen.iter().all(|section| section.blocks.is_empty()) {
        return Err("no block was chosen".to_owned());
    }
    for section in chosen {
        ran += run_section(&workspace, section, &mut left)?;
    }
    println!("\n== {ran} blocks ran in {} s, {} did not:", started.elapsed().as_secs(), left.len());
    for line in left {
        println!("   {line}");
    }
    Ok(())
}

/// Runs the blocks of a section and returns their number.
fn run_section(workspace: &Workspace, section: &Section, left: &mut Vec<String>) -> Result<usize, String> {
    // Dropped in reverse: an error interrupts the servers too.
    let mut servers: Vec<Server> = Vec::new();
    let mut shell = None;
    let mut ran = 0;
    for block in &section.blocks {
        let at = |error: String| format!("{} ({}): {error}", block.place, section.heading);
        match lists::action(&block.text) {
            Action::Leave { reason } => {
                left.push(format!("{}: {reason}", block.place));
                continue;
            }
            Action::Serve { ready } => {
                announce(block, "serves");
                servers.push(Server::start(workspace, block, ready).map_err(at)?);
            }
            Action::Run => {
                announce(block, "runs");
                let shell: &mut Shell = match &mut shell {
                    Some(shell) => shell,
                    None => shell.insert(Shell::start(workspace)?),
                };
                let output = shell.run(workspace, &block.text).map_err(at)?;
                if let Some(shown) = &block.shown {
                    expected::compare(shown, &output.stdout).map_err(at)?;
                }
                if block.text == TESTS {
                    counts::check(&workspace.root, &counts::count(&output.stdout, &output.stderr)?).map_err(at)?;
                }
            }
        }
        ran += 1;
    }
    while let Some(server) = servers.pop() {
        server.interrupt()?;
    }
    Ok(ran)
}

fn announce(block: &Block, what: &str) {
    println!("\n== {}: {what}", block.place);
    for line in block.text.lines() {
        println!("   $ {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs this text as the README of a folder of its own.
    fn run_readme(text: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let status = Command::new("git").args(arguments).current_dir(folder.path()).status().unwrap();
            assert!(status.success());
        };
        git(&["init", "--quiet"]);
        std::fs::write(folder.path().join("README.md"), text).unwrap();
        git(&["add", "README.md"]);
        let workspace = Workspace::new(folder.path())?;
        let mut left = Vec::new();
        for file in files(folder.path())? {
            let text = std::fs::read_to_string(folder.path().join(&file)).unwrap();
            for section in blocks::sections(&file, &text)? {
                run_section(&workspace, &section, &mut left)?;
            }
        }
        Ok(())
    }

    #[test]
    fn blocks_of_a_section_share_variables_and_print_what_the_page_shows() {
        let page =
            "# A\n```sh\nX=7\n```\n```sh\necho \"x is $X\"; printf 'no end'\n```\n```text\nx is 7\nno end\n```\n";
        run_readme(page).unwrap();
    }

    #[test]
    fn variables_end_with_their_section() {
        let error = run_readme("# A\n```sh\nX=7\n```\n## B\n```sh\necho \"$X\"\n```\n").unwrap_err();
        assert!(error.starts_with("README.md:6 (B): "), "{error}");
    }

    #[test]
    fn a_command_that_fails_in_the_middle_of_a_block_fails_it() {
        let error = run_readme("# A\n```sh\nfalse\necho on\n```\n").unwrap_err();
        assert!(error.contains("README.md:2"), "{error}");
    }

    #[test]
    fn a_path_that_is_not_there_fails_its_block() {
        let error = run_readme("# A\n\n```sh\ncat no/such/file.jsonl\n```\n").unwrap_err();
        assert!(error.contains("README.md:3"), "{error}");
    }

    #[test]
    fn output_that_the_page_does_not_show_fails_its_block() {
        let error = run_readme("# A\n```sh\necho two\n```\n```text\none\n```\n").unwrap_err();
        assert!(error.contains("one") && error.contains("two"), "{error}");
    }

    #[test]
    fn a_command_that_reads_its_input_gets_none() {
        run_readme("# A\n```sh\ncat\n```\n```sh\necho next\n```\n```text\nnext\n```\n").unwrap();
    }

    #[test]
    fn a_block_that_ends_the_shell_is_an_error() {
        run_readme("# A\n```sh\nexit 0\n```\n").unwrap_err();
    }
}
