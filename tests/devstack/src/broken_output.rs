//! Outputs of a process that are full, closed or slow.

use std::fs::OpenOptions;
use std::io::Read;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// Output without space.
pub fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// Pipe with a closed reader.
pub fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Reads a pipe byte by byte for a while, then all of the rest.
pub fn read_slowly(mut pipe: impl Read) -> Vec<u8> {
    let mut read = Vec::new();
    let started = Instant::now();
    let mut byte = [0];
    while started.elapsed() < Duration::from_millis(300) && pipe.read(&mut byte).unwrap() > 0 {
        read.push(byte[0]);
        thread::sleep(Duration::from_millis(1));
    }
    pipe.read_to_end(&mut read).unwrap();
    read
}
