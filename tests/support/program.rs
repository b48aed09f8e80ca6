//! The program itself, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Client;

/// Time limit of a process to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, not started.
pub fn coffer(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    // No setting of the machine's own, and the folder that the test gives.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COFFER_")) {
        command.env_remove(name);
    }
    command.arg("--data").arg(data);
    command
}

/// Runs a command of the program to its end.
pub fn run(data: &Path, args: &[&str]) -> Output {
    coffer(data).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command of the program to its end in this folder, with this on its standard input.
pub fn run_in(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut command = coffer(&folder.join("data"));
    command.current_dir(folder).args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    })
}

/// A token from the program.
pub fn token(data: &Path, args: &[&str]) -> String {
    let output = run(data, &[&["token"], args].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
}

/// A server process. Killed if the test ends before it does.
pub struct Program {
    child: Child,
    /// Output until it listened, and the lines right after.
    pub welcome: String,
    address: SocketAddr,
    stdout: Option<BufReader<ChildStdout>>,
    log: Option<JoinHandle<String>>,
}

/// Result of a server process that ended.
pub struct Ended {
    pub success: bool,
    pub stdout: String,
    pub log: String,
}

impl Program {
    /// Starts a server on a free port and waits until it listens.
    pub fn serve(data: &Path, env: &[(&str, &str)]) -> Self {
        let mut command = coffer(data);
        command.args(["serve", "--port", "0"]).envs(env.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("Stop with Ctrl-C.") && !welcome.contains("configured issuer") {
            assert!(stdout.read_line(&mut welcome).unwrap() > 0, "the server ended: {:?}", log.join());
        }
        let address = welcome.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
        Self { child, welcome, address, stdout: Some(stdout), log: Some(log) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(self.address, Some(token.to_owned()))
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }

    /// Sends a signal: `TERM` or `INT`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "the server does not end");
            std::thread::yield_now();
        };
        let mut stdout = String::new();
        self.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { success: status.success(), stdout, log: self.log.take().unwrap().join().unwrap() }
    }

    /// Stops it, and waits for the end.
    pub fn stop(self) -> Ended {
        self.signal("TERM");
        self.end()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
