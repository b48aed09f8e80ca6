//! A process that is stopped until this value ends.

use std::process::Command;
use std::time::{Duration, Instant};

/// Time limit for an event to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stopped process.
#[derive(Debug)]
pub(crate) struct Frozen(u32);

impl Drop for Frozen {
    fn drop(&mut self) {
        signal(self.0, "CONT");
    }
}

impl Frozen {
    /// Stops a process.
    pub(crate) fn stop(process: u32) -> Self {
        assert!(signal(process, "STOP"), "no process {process}");
        Self(process)
    }

    /// Waits until there is something to read on its connection to this port.
    pub(crate) fn wait_for_event(&self, port: u16) {
        let started = Instant::now();
        while !self.has_unread(port) {
            assert!(started.elapsed() < PATIENCE, "no event arrives at the stopped process {}", self.0);
            std::thread::yield_now();
        }
    }

    /// The kernel's table of connections: of each the address there, and the queues of bytes to send and to read.
    fn has_unread(&self, port: u16) -> bool {
        let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", self.0)).unwrap();
        let there = format!(":{port:04X}");
        table.lines().skip(1).any(|line| {
            let columns: Vec<_> = line.split_whitespace().collect();
            let unread = columns[4].split(':').nth(1).is_some_and(|bytes| bytes != "00000000");
            columns[2].ends_with(&there) && unread
        })
    }
}

fn signal(process: u32, name: &str) -> bool {
    Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().is_ok_and(|status| status.success())
}
