//! A process that ends with the value that holds it.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Time limit for a service's first answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running process. Its output is in a file.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command; its output goes to `{name}.log` in `folder`.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).unwrap();
        let errors = output.try_clone().unwrap();
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { name: name.to_owned(), child, log }
    }

    /// The system's number for it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Output of the process so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until `ready` gives something, within a bound.
    pub fn wait_for<T>(&mut self, ready: impl Fn(&Self) -> Option<T>) -> T {
        self.wait_while_it_runs(ready).unwrap_or_else(|| panic!("{} ended\n{}", self.name, self.log()))
    }

    /// The same; `None` if the process ends before.
    pub fn wait_while_it_runs<T>(&mut self, ready: impl Fn(&Self) -> Option<T>) -> Option<T> {
        let started = Instant::now();
        loop {
            // Before anything else: the port of a process that ended may belong to another.
            if self.child.try_wait().unwrap().is_some() {
                return None;
            }
            if let Some(value) = ready(self) {
                return Some(value);
            }
            assert!(started.elapsed() < PATIENCE, "{} is not ready\n{}", self.name, self.log());
            // Between two looks at the condition; a busy wait would take a core from the awaited process.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to end with a signal, `INT` say, and waits until it has, within a bound.
    pub fn ask_to_end(&mut self, signal: &str) {
        const PATIENCE: Duration = Duration::from_secs(20);
        let asked = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        let started = Instant::now();
        while asked.as_ref().is_ok_and(ExitStatus::success)
            && started.elapsed() < PATIENCE
            && matches!(self.child.try_wait(), Ok(None))
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process and all that it started, which end with this value. The process leads a group of its own.
#[derive(Debug)]
pub struct Group(u32);

impl Group {
    /// The group that this process leads.
    pub fn of(leader: &Child) -> Self {
        Self(leader.id())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0);
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
}

/// A port that is free, and that no other call gets. It is below those that the system gives to connections by itself,
/// so that none of them takes it before it is used.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_240;
    const COUNT: u32 = 20_000;
    // Processes that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(127);
    loop {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Tells whether something listens.
pub fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}
