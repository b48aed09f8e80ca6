//! The shell of a section, and the threads that read the output of commands.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::workspace::Workspace;

/// The longest that a block may run: `cargo test` from an empty cache takes half an hour.
const LIMIT: Duration = Duration::from_secs(75 * 60);

/// Line that ends a block's output on both streams.
const MARKER: &str = "-- end of the block --";

/// A stream that a command writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Sends each line of a stream as it comes and prints it; `None` at its end.
pub(super) fn lines(stream: Stream, from: impl Read + Send + 'static, to: Sender<(Stream, Option<String>)>) {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            if !text.contains(MARKER) {
                print!("{text}");
            }
            // Nobody listens any more when the run has failed.
            let _ = to.send((stream, Some(text)));
            line.clear();
        }
        let _ = to.send((stream, None));
    });
}

/// Both streams of a block.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A shell that blocks are given to one after the other. It ends with the first command that fails.
#[derive(Debug)]
pub(super) struct Shell {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<(Stream, Option<String>)>,
}

impl Shell {
    pub(super) fn start(workspace: &Workspace) -> Result<Self, String> {
        let mut sh = workspace.sh();
        sh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = sh.spawn().map_err(|error| format!("sh: {error}"))?;
        let (to, read) = channel();
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("sh has no streams".to_owned());
        };
        lines(Stream::Out, stdout, to.clone());
        lines(Stream::Err, stderr, to);
        Ok(Self { child, stdin, lines: read })
    }

    /// Runs a block to its end.
    ///
    /// # Errors
    /// A command that failed, or a block that takes too long.
    pub(super) fn run(&mut self, workspace: &Workspace, text: &str) -> Result<Output, String> {
        // From a file, so that a command that reads its standard input doesn't take the next block.
        let path = workspace.write("block.sh", text)?;
        let quoted = path.display().to_string().replace('\'', "'\\''");
        let line = format!(". '{quoted}' </dev/null\nprintf '\\n%s\\n' '{MARKER}'\necho '{MARKER}' >&2\n");
        self.stdin.write_all(line.as_bytes()).map_err(|error| format!("sh: {error}"))?;
        let started = Instant::now();
        let mut output = Output::default();
        let mut ended = 0;
        while ended < 2 {
            match self.lines.recv_timeout(LIMIT.saturating_sub(started.elapsed())) {
                Ok((_, Some(line))) if line.contains(MARKER) => ended += 1,
                Ok((Stream::Out, Some(line))) => output.stdout.push_str(&line),
                Ok((Stream::Err, Some(line))) => output.stderr.push_str(&line),
                Ok((_, None)) | Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().map_err(|error| format!("sh: {error}"))?;
                    return Err(format!("a command failed, and ended the shell with {status}"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("it runs for more than {} minutes", LIMIT.as_secs() / 60));
                }
            }
        }
        // The line break that the marker brought along.
        if output.stdout.ends_with('\n') {
            output.stdout.pop();
        }
        Ok(output)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
