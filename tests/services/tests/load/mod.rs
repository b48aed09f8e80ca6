//! `coffer load --opensearch` and `coffer export --opensearch`.

pub mod export;
pub mod faults;
pub mod output;
pub mod round_trip;
pub mod rules;

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use devstack::stack::Stack;
use tempfile::TempDir;

use crate::program::coffer;

/// Time limit for something that happens by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// An index behind a prefix of its own, and a folder that the program works in.
struct Place<'a> {
    stack: &'a Stack,
    prefix: String,
    folder: TempDir,
}

impl<'a> Place<'a> {
    /// With an index of roles of the mapping that is asked for. It is taken away in the end.
    fn new(stack: &'a Stack) -> Self {
        let place = Self::without_index(stack);
        place.make_index();
        place
    }

    fn without_index(stack: &'a Stack) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let prefix = format!("load-{}-{}-", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { stack, prefix, folder: tempfile::tempdir().unwrap() }
    }

    fn make_index(&self) {
        let index = serde_json::json!({
            "aliases": { self.alias(): {} },
            "settings": { "number_of_shards": 2, "number_of_replicas": 0 },
            "mappings": { "dynamic": false, "properties": {
                "id": { "type": "keyword" },
                "created": { "type": "date" },
                "coffer$deleted": { "type": "date" },
            } },
        });
        self.ask("PUT", &format!("{}-1", self.alias()), &index.to_string());
    }

    fn alias(&self) -> String {
        format!("{}roles", self.prefix)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let (status, text) = self.stack.runtime().block_on(self.stack.opensearch(method, path, body.to_owned()));
        assert!(status < 300, "{method} {path}: {status} {text}");
        text
    }

    /// A command that works on this index, at another address than the service's own if there is one.
    fn command(&self, args: &[&str], url: Option<&str>) -> Command {
        let mut command = coffer();
        command
            .args(args)
            .arg("--opensearch")
            .env("COFFER_OPENSEARCH_URL", url.unwrap_or(&self.stack.opensearch))
            .env("COFFER_OPENSEARCH_AUTH", "none")
            .env("COFFER_OPENSEARCH_ALIAS_PREFIX", &self.prefix)
            .current_dir(self.folder.path());
        command
    }

    fn load(&self, args: &[&str], input: &str) -> Output {
        self.load_through(None, args, input)
    }

    fn load_through(&self, url: Option<&str>, args: &[&str], input: &str) -> Output {
        Running::start(self.command(&[&["load", "roles", "-"], args].concat(), url), input).end()
    }

    fn export(&self) -> Output {
        Running::start(self.command(&["export", "roles"], None), "").end()
    }

    /// All documents, as they are exported.
    fn exported(&self) -> String {
        let output = self.export();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let path = format!("{}-*", self.alias());
        let _ = self.stack.runtime().block_on(self.stack.opensearch("DELETE", &path, String::new()));
    }
}

/// A command that was started with all of its input.
struct Running {
    child: Child,
    input: std::thread::JoinHandle<()>,
}

impl Running {
    fn start(mut command: Command, input: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let input = std::thread::spawn(move || {
            // It may end before it has read everything.
            let _ = stdin.write_all(input.as_bytes());
        });
        Self { child, input }
    }

    fn end(self) -> Output {
        let output = self.child.wait_with_output().unwrap();
        self.input.join().unwrap();
        output
    }
}

/// Standard output and standard error of a command.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The line with the counts.
fn summary(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.trim_end().strip_prefix("roles: ").unwrap_or_else(|| panic!("{text}{}", said(output)));
    line.to_owned()
}

/// A document of a second.
fn document(id: &str, second: usize) -> String {
    format!("{{\"id\":\"{id}\",\"modified\":\"2020-01-01T00:00:{second:02}Z\"}}")
}

/// So many documents, a line each, in the order of their ids.
fn lines(count: usize) -> String {
    (0..count).map(|number| document(&format!("{number:06}"), 1) + "\n").collect()
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
