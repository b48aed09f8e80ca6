//! As much of HTTP/1.1 as the runtime API and DynamoDB speak to such a client: a request, and an answer with a length.

use std::error::Error;
use std::io::{Read, Write};

/// A connection that is kept between requests.
pub(crate) struct Exchange<S> {
    stream: S,
    buffer: Vec<u8>,
}

/// An answer: its head and its body.
pub(crate) struct Answer {
    head: String,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Tells whether the status is of those that mean success.
    pub(crate) fn succeeded(&self) -> bool {
        self.head.split(' ').nth(1).is_some_and(|status| status.starts_with('2'))
    }
}

impl<S: Read + Write> Exchange<S> {
    /// Speaks over a stream.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Sends a request and reads its answer.
    pub(crate) fn ask(&mut self, head: &str, body: &str) -> Result<Answer, Box<dyn Error>> {
        // In one piece, so that they go in one packet.
        self.stream.write_all([head, body].concat().as_bytes())?;
        self.stream.flush()?;
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.read()?;
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect())?;
        let mut answer = Answer { head, body: String::new() };
        let length = answer.header("content-length").map_or(Ok(0), str::parse)?;
        while self.buffer.len() < length {
            self.read()?;
        }
        answer.body = String::from_utf8(self.buffer.drain(..length).collect())?;
        Ok(answer)
    }

    fn read(&mut self) -> Result<(), Box<dyn Error>> {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk)?;
        if read == 0 {
            return Err("the connection was closed".into());
        }
        self.buffer.extend(chunk.iter().take(read));
        Ok(())
    }
}
