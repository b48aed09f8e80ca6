//! Broken output: full, closed and slow. The exit status and the stored documents agree.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use devstack::broken_output::{closed, full, read_slowly};

use crate::support::program::{coffer, run_in};

const DOCUMENTS: usize = 5_000;
/// Time that a process may take that ends by itself.
const LIMIT: Duration = Duration::from_secs(60);

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("{{\"id\":\"{number:06}\",\"modified\":\"2020-01-01T00:00:01Z\"}}\n")).collect()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = coffer(&folder.join("data"));
    command.current_dir(folder).args(args).stdin(Stdio::null());
    command
}

fn end(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
    assert_ne!(output.status.code(), Some(101), "no panic: {output:?}");
    output
}

fn exported(folder: &Path) -> String {
    let output = run_in(folder, &["export", "roles"], b"");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn folder_with(input: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), input).unwrap();
    folder
}

#[test]
fn a_load_that_can_not_print_its_complaints_loads_the_lines_after_a_bad_one() {
    for broken in [full, closed] {
        let folder = folder_with(&format!("[]\n{}", lines(DOCUMENTS)));
        let output = end(command(folder.path(), &["load", "roles", "file"]).stderr(broken()));
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, "roles: 5000 loaded, 0 unchanged, 0 older, 1 refused\n");
        assert_eq!(output.status.code(), Some(1));
        assert!(exported(folder.path()) == lines(DOCUMENTS));
        assert!(fs::read_to_string(folder.path().join("roles-refused.jsonl")).unwrap().ends_with("\n[]\n"));
    }
}

#[test]
fn a_load_whose_result_can_not_be_written_fails_and_says_on_standard_error_what_was_loaded() {
    for broken in [full, closed] {
        let folder = folder_with(&lines(DOCUMENTS));
        let output = end(command(folder.path(), &["load", "roles", "file"]).stdout(broken()));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("coffer: roles: 5000 loaded, 0 unchanged"), "{said}");
        assert!(said.contains("coffer: standard output: "), "{said}");
        assert!(exported(folder.path()) == lines(DOCUMENTS));
        // Both at once.
        let output = end(command(folder.path(), &["load", "roles", "file"]).stdout(broken()).stderr(broken()));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
}

#[test]
fn a_complaint_that_can_not_be_printed_fails_no_whole_load() {
    for broken in [full, closed] {
        let folder = folder_with(&lines(DOCUMENTS));
        let output = end(command(folder.path(), &["load", "roles", "file"]).stderr(broken()));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_result_that_can_not_be_written_is_a_failure_of_every_command() {
    let folder = folder_with(&lines(DOCUMENTS));
    assert!(run_in(folder.path(), &["load", "roles", "file"], b"").status.success());
    for args in [
        &["token", "--user", "alice"][..],
        &["serve", "--port", "0"],
        &["load", "roles", "file"],
        &["export", "roles"],
        &["--help"],
        &["load", "--help"],
        &["--version"],
    ] {
        for broken in [full, closed] {
            let output = end(command(folder.path(), args).stdout(broken()));
            let closed_export = args[0] == "export" && output.stderr.is_empty();
            assert_eq!(output.status.code(), Some(if closed_export { 141 } else { 1 }), "{args:?}: {output:?}");
            assert!(closed_export || !output.stderr.is_empty(), "{args:?} says why");
            let output = end(command(folder.path(), args).stdout(broken()).stderr(broken()));
            assert!(matches!(output.status.code(), Some(1 | 141)), "{args:?}: {output:?}");
        }
    }
}

#[test]
fn an_error_that_can_not_be_printed_keeps_its_exit_status() {
    let folder = folder_with("");
    for (args, status) in [
        (&["token", "--user", ""][..], 1),
        (&["token"], 2),
        (&["load", "roles", "not-there"], 1),
        (&["load", "people", "file"], 2),
        (&["export", "people"], 2),
        (&["export", "roles", "--opensearch"], 1),
        (&["prepare"], 1),
        (&["--nonsense"], 2),
    ] {
        for broken in [full, closed] {
            let output = end(command(folder.path(), args).stderr(broken()));
            assert_eq!(output.status.code(), Some(status), "{args:?}: {output:?}");
        }
    }
}

#[test]
fn slow_output_loses_nothing_and_ends_in_success() {
    let folder = folder_with(&lines(DOCUMENTS));
    for args in [&["token", "--user", "alice"][..], &["load", "roles", "file"], &["export", "roles"], &["--help"]] {
        let mut child = command(folder.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let read = read_slowly(child.stdout.take().unwrap());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{args:?}");
        assert!(read.ends_with(b"\n"));
        if args[0] == "export" {
            assert!(read == lines(DOCUMENTS).as_bytes());
        }
    }
}

#[test]
fn a_server_with_slow_output_serves_and_stops_well() {
    let folder = folder_with("");
    let mut child = command(folder.path(), &["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let log = thread::spawn(move || read_slowly(stderr));
    let (sender, receiver) = std::sync::mpsc::channel();
    let welcome = thread::spawn(move || {
        let mut read = Vec::new();
        let mut byte = [0];
        // The address is in the first line; the rest is read as slowly.
        while stdout.read(&mut byte).unwrap() > 0 {
            read.push(byte[0]);
            if byte[0] == b'\n' {
                let _ = sender.send(String::from_utf8(read.clone()).unwrap());
            }
            thread::sleep(Duration::from_micros(100));
        }
        read
    });
    let first = receiver.recv_timeout(LIMIT).unwrap();
    let address = first.trim_end().strip_prefix("Coffer listens on http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /search/roles/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(welcome.join().unwrap().ends_with(b"Stopped.\n"));
    assert!(String::from_utf8(log.join().unwrap()).unwrap().contains("request refused"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn slow_complaints_lose_no_line_of_a_load() {
    let folder = folder_with(&format!("{}{}", "[]\n".repeat(100), lines(DOCUMENTS)));
    let mut child = command(folder.path(), &["load", "roles", "file"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    read_slowly(child.stderr.take().unwrap());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), &*said), (Some(1), "roles: 5000 loaded, 0 unchanged, 0 older, 100 refused\n"));
    assert!(exported(folder.path()) == lines(DOCUMENTS));
}

#[test]
fn a_server_whose_reader_goes_after_the_first_line_still_serves_and_stops_well() {
    let folder = folder_with("");
    let mut child =
        command(folder.path(), &["serve", "--port", "0"]).stdout(Stdio::piped()).stderr(full()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let address = first.trim_end().strip_prefix("Coffer listens on http://").unwrap();
    // The reader has gone, and the log is full.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /search/roles/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let started = Instant::now();
    let stop = || Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stop().success());
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < LIMIT, "the server does not end");
        thread::yield_now();
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_file_of_refused_lines_that_can_not_be_written_fails_the_load() {
    let folder = folder_with(&format!("[]\n{}", lines(10)));
    let output = end(&mut command(folder.path(), &["load", "roles", "--refused", "not-there/refused", "file"]));
    let Output { status, stderr, .. } = output;
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8(stderr).unwrap().contains("not-there/refused"));
}
