//! A command that serves, in a process group of its own, as a terminal gives it one: Ctrl-C goes to all of it.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::shell::{Stream, lines};
use super::workspace::Workspace;
use super::{Block, expected};

/// The longest wait for the line that says that it serves: the first build is part of it.
const START: Duration = Duration::from_secs(30 * 60);

/// The longest wait for the rest of the page's output, and for the end after Ctrl-C.
const SHORT: Duration = Duration::from_secs(60);

/// A server that is ready.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    place: String,
    lines: Receiver<(Stream, Option<String>)>,
    /// Streams that have not ended.
    open: u8,
}

impl Server {
    /// Starts a block and waits for its line of readiness, and for the page's output.
    ///
    /// # Errors
    /// An end or a wait that is too long before that.
    pub(super) fn start(workspace: &Workspace, block: &Block, ready: &str) -> Result<Self, String> {
        let path = workspace.write(&format!("server-{}.sh", block.place.replace(['/', ':'], "-")), &block.text)?;
        let mut sh = workspace.sh();
        sh.arg(path).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = sh.spawn().map_err(|error| format!("sh: {error}"))?;
        let (to, read) = channel();
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            lines(Stream::Out, stdout, to.clone());
            lines(Stream::Err, stderr, to);
        }
        let mut server = Self { child, place: block.place.clone(), lines: read, open: 2 };
        let (mut printed, mut is_ready) = (String::new(), false);
        let mut until = Instant::now() + START;
        loop {
            if is_ready && block.shown.as_ref().is_none_or(|shown| expected::matches(shown, &printed)) {
                return Ok(server);
            }
            let line = match server.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((stream, Some(line))) => {
                    if stream == Stream::Out {
                        printed.push_str(&line);
                    }
                    line
                }
                // The lines of one stream may come after the end of the other.
                Ok((_, None)) if server.open > 1 => {
                    server.open -= 1;
                    continue;
                }
                Ok((_, None)) => return Err("it ended before it was ready".to_owned()),
                Err(_) if is_ready => {
                    let shown = block.shown.as_deref().unwrap_or_default();
                    return expected::compare(shown, &printed).map(|()| server);
                }
                Err(_) => return Err(format!("no line with {ready:?}")),
            };
            if !is_ready && line.contains(ready) {
                is_ready = true;
                until = Instant::now() + SHORT;
            }
        }
    }

    /// Sends Ctrl-C and waits for the end.
    ///
    /// # Errors
    /// It had ended by itself, or goes on.
    pub(super) fn interrupt(mut self) -> Result<(), String> {
        let place = self.place.clone();
        if let Ok(Some(status)) = self.child.try_wait() {
            return Err(format!("{place}: the server ended by itself with {status}"));
        }
        self.signal("INT");
        let until = Instant::now() + SHORT;
        // Its streams end with the last process of the group.
        while self.open > 0 {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((_, None)) => self.open -= 1,
                Ok(_) => {}
                Err(_) => return Err(format!("{place}: the server doesn't end on Ctrl-C")),
            }
        }
        self.child.wait().map_err(|error| format!("{place}: {error}"))?;
        println!("== {place}: interrupted");
        Ok(())
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal("KILL");
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str, shown: Option<&str>) -> Block {
        Block { place: "f.md:1".to_owned(), text: text.to_owned(), shown: shown.map(str::to_owned) }
    }

    fn workspace(folder: &tempfile::TempDir) -> Workspace {
        Workspace::new(folder.path()).unwrap()
    }

    #[test]
    fn a_server_is_ready_when_it_says_so_and_ends_on_ctrl_c() {
        let folder = tempfile::tempdir().unwrap();
        let serves = block("echo ready\necho more\nexec sleep 300\n", Some("ready\nmore\n"));
        Server::start(&workspace(&folder), &serves, "ready").unwrap().interrupt().unwrap();
    }

    #[test]
    fn a_server_that_ends_first_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = Server::start(&workspace(&folder), &block("echo no\n", None), "ready").unwrap_err();
        assert_eq!(error, "it ended before it was ready");
    }

    #[test]
    fn a_server_that_ended_in_the_meantime_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(&workspace(&folder), &block("echo ready\n", None), "ready").unwrap();
        server.child.wait().unwrap();
        assert!(server.interrupt().unwrap_err().contains("ended by itself"));
    }
}
