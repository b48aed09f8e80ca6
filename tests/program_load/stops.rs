//! Loads that are stopped, and the commands that go on with them.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::{PATIENCE, document, exported, folder, gzip, lines, load, summary, text};
use crate::support::program::coffer;

/// A load of a pipe that others write to and that has no end yet.
struct Piped {
    child: Child,
    pipe: File,
}

impl Piped {
    /// Starts a load of the pipe and a file after it, and writes these lines.
    fn start(folder: &Path, input: &str) -> Self {
        let path = folder.join("the pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let child = coffer(&folder.join("data"))
            .current_dir(folder)
            .args(["load", "roles", "--version-field", "modified", "the pipe", "after"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, receiver) = mpsc::channel();
        let input = input.to_owned();
        thread::spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
            pipe.write_all(input.as_bytes()).unwrap();
            sender.send(pipe).unwrap();
        });
        let pipe = receiver.recv_timeout(PATIENCE).expect("the load reads the pipe");
        Self { child, pipe }
    }

    /// Stops the load once something of it is stored.
    fn stop_after_a_batch(self, folder: &Path, signal: &str) -> Output {
        let started = Instant::now();
        while exported(folder).is_empty() {
            assert!(started.elapsed() < PATIENCE, "nothing is loaded");
        }
        self.stop(signal)
    }

    fn stop(self, signal: &str) -> Output {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = self.child.wait_with_output().unwrap();
        drop(self.pipe);
        output
    }
}

/// Runs the command that a load printed, with a file of this input in the place of the pipe.
fn go_on(folder: &Path, input: &str, command: &str) -> Output {
    fs::remove_file(folder.join("the pipe")).unwrap();
    fs::write(folder.join("the pipe"), input).unwrap();
    let script = format!("'{}' {command}", env!("CARGO_BIN_EXE_coffer"));
    Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap()
}

#[test]
fn a_load_that_stops_between_a_version_and_its_document_goes_on_with_both() {
    let folder = folder();
    fs::write(folder.path().join("after"), "").unwrap();
    // The batch is full with the line that gives the last version.
    let input = format!("{}# version 9\n{{\"id\":\"x\"}}\n", lines(2_000));
    let piped = Piped::start(folder.path(), &input);
    let output = piped.stop_after_a_batch(folder.path(), "INT");
    let command = text(&output.stderr).split_once("go on with: coffer ").unwrap().1.to_owned();
    assert!(go_on(folder.path(), &input, &command).status.success());
    assert!(exported(folder.path()).ends_with("# version 9\n{\"id\":\"x\"}\n"), "{command}");
}

#[test]
fn each_command_that_goes_on_has_a_file_of_its_own_for_refused_lines() {
    let folder = folder();
    let cut = |name: &str| {
        let bytes = gzip(&lines(20_000));
        fs::write(folder.path().join(name), &bytes[..bytes.len() / 2]).unwrap();
    };
    ["a", "b"].into_iter().for_each(cut);
    let output = load(folder.path(), &["--refused", "r", "a", "b"], b"");
    let said = text(&output.stderr);
    let files: Vec<_> = said.split("--refused ").skip(1).map(|rest| rest.split(' ').next().unwrap()).collect();
    assert_eq!(files.len(), 2, "{said}");
    assert_ne!(files[0], files[1], "{said}");
}

#[test]
fn a_refused_line_is_kept_once_however_often_a_load_is_stopped() {
    let folder = folder();
    fs::write(folder.path().join("after"), "[\"after\"]\n").unwrap();
    let mut all = String::new();
    for (number, line) in lines(9_000).lines().enumerate() {
        all += line;
        all += "\n";
        if number % 1_000 == 999 {
            all += &format!("[\"bad {number}\"]\n");
        }
    }
    let piped = Piped::start(folder.path(), &all);
    let output = piped.stop_after_a_batch(folder.path(), "INT");
    let command = text(&output.stderr).split_once("go on with: coffer ").unwrap().1.to_owned();
    let output = go_on(folder.path(), &all, &command);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let mut kept: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("roles-refused") {
            let text = fs::read_to_string(path).unwrap();
            kept.extend(text.lines().filter(|line| line.starts_with('[')).map(str::to_owned));
        }
    }
    kept.sort();
    let mut expected: Vec<_> = (0..9).map(|part| format!("[\"bad {}\"]", part * 1_000 + 999)).collect();
    expected.push("[\"after\"]".to_owned());
    expected.sort();
    assert_eq!(kept, expected);
}

fn a_load_that_is_stopped_goes_on_where_it_says(signal: &str) {
    let folder = folder();
    let all = lines(9_000);
    fs::write(folder.path().join("after"), document("after", 1)).unwrap();
    let piped = Piped::start(folder.path(), &all);
    let output = piped.stop_after_a_batch(folder.path(), signal);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let command =
        said.trim_end().strip_prefix("coffer: stopped; go on with: coffer ").unwrap_or_else(|| panic!("{said}"));
    let from: usize = command.split_once("--from-line ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    // All that comes before is there; whole batches are.
    let before = exported(folder.path());
    assert!(from > 1 && before.starts_with(&lines(from - 1)), "{command}");
    let loaded = before.lines().count();
    assert_eq!(summary(&output), format!("{loaded} loaded, 0 unchanged, 0 older, 0 refused"));
    assert!(loaded < 9_000, "it was stopped before the end");

    assert!(command.ends_with(" 'the pipe' after") && command.contains("--version-field modified"), "{command}");
    let output = go_on(folder.path(), &all, command);
    assert!(output.status.success(), "{output:?}");
    assert!(exported(folder.path()) == all + &document("after", 1) + "\n");
}

#[test]
fn on_ctrl_c_a_load_stops_and_goes_on_where_it_says() {
    a_load_that_is_stopped_goes_on_where_it_says("INT");
}

#[test]
fn on_sigterm_a_load_stops_and_goes_on_where_it_says() {
    a_load_that_is_stopped_goes_on_where_it_says("TERM");
}

#[test]
fn a_long_load_says_how_far_it_is_in_plain_lines() {
    let folder = folder();
    fs::write(folder.path().join("after"), "x".repeat(1_000)).unwrap();
    let mut piped = Piped::start(folder.path(), &lines(3_000));
    let mut first = String::new();
    BufReader::new(piped.child.stderr.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("roles: 2000 documents, ") && first.ends_with("/s\n"), "{first}");
    piped.stop("INT");
}
