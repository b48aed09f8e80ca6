//! From lines to batches of changes, in a thread of its own: reading may block for as long as it likes.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use shared::intake::accept;
use shared::search::{Change, Operation};
use tokio::sync::mpsc;

use super::lines::{self, Extent, MAX_LINE_BYTES};
use super::refused::{COMMENT, Refusals};
use super::source;
use super::version::VersionRule;
use crate::cli::progress::Progress;

/// A batch has no more than these bytes of documents, unless it is one document.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// A batch has no more documents than these.
const BATCH_DOCUMENTS: usize = 2_000;
/// How many batches wait to be taken.
const WAITING: usize = 1;

/// A line of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The file's number, from 0.
    pub(super) file: usize,
    /// The line's number, from 1.
    pub(super) line: u64,
}

/// A change, and the line that asks for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) position: Position,
    pub(super) change: Change,
}

/// Some changes that are applied together.
#[derive(Debug)]
pub(super) struct Batch {
    /// The first line that is in this batch and in none before.
    pub(super) start: Position,
    /// The first line that comes after it.
    pub(super) next: Position,
    /// The changes.
    pub(super) entries: Vec<Entry>,
    /// How many bytes its documents have.
    pub(super) bytes: usize,
}

impl Batch {
    fn new(start: Position) -> Self {
        Self { start, next: start, entries: Vec::new(), bytes: 0 }
    }
}

/// What lines are read from, and how.
#[derive(Debug)]
pub(super) struct Reading {
    /// The files, in their order.
    pub(super) files: Arc<Vec<PathBuf>>,
    /// The first line that is read of the first file.
    pub(super) from_line: u64,
    /// Where versions are found.
    pub(super) versions: VersionRule,
    /// Where lines go that are no documents.
    pub(super) refusals: Arc<Mutex<Refusals>>,
    /// How far it is.
    pub(super) progress: Progress,
}

/// Message of the thread that reads.
#[derive(Debug)]
pub(super) enum Message {
    /// Changes to apply.
    Batch(Batch),
    /// All lines were read. Without this message a closed channel is an error: the thread may have panicked.
    End,
    /// Lines can't be read any further, for this reason.
    Failed(String),
}

/// Begins to read. The last message is [`Message::End`] or [`Message::Failed`].
///
/// # Errors
/// What keeps a thread from being started.
pub(super) fn start(reading: Reading) -> std::io::Result<mpsc::Receiver<Message>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    // Nobody waits for its end: it may be in the middle of a read when the load stops.
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        let batch = Batch::new(Position { file: 0, line: reading.from_line });
        let mut reader = Reader { reading, sender, batch };
        let ended = reader.files();
        let last = match (ended, reader.send()) {
            (Ok(()), Ok(())) => Message::End,
            (Err(Halt::Because(reason)), Ok(())) => Message::Failed(reason),
            // A load that stops needs no reason.
            (Err(Halt::Unwanted), _) | (_, Err(_)) => return,
        };
        let _ = reader.sender.blocking_send(last);
    })?;
    Ok(receiver)
}

/// Why no more is read.
enum Halt {
    /// Of this.
    Because(String),
    /// Nobody takes it.
    Unwanted,
}

struct Reader {
    reading: Reading,
    sender: mpsc::Sender<Message>,
    batch: Batch,
}

impl Reader {
    fn files(&mut self) -> Result<(), Halt> {
        for (file, path) in self.reading.files.clone().iter().enumerate() {
            let name = source::name(path);
            let failed = |error| Halt::Because(format!("{name}: {error}"));
            let mut source = source::open(path, &self.reading.progress).map_err(failed)?;
            let mut position = Position { file, line: 1 };
            if file == 0 {
                while position.line < self.reading.from_line && lines::skip(&mut source).map_err(failed)? {
                    position.line += 1;
                }
            }
            if self.batch.entries.is_empty() {
                self.batch.start = position;
            }
            self.batch.next = position;
            self.lines(&name, &mut source, position)?;
        }
        Ok(())
    }

    fn lines(&mut self, name: &str, source: &mut dyn BufRead, mut position: Position) -> Result<(), Halt> {
        let mut line = Vec::new();
        // A load that goes on in the middle of a file has seen its start.
        let mut first = position.line == 1;
        loop {
            let read = lines::read(source, &mut line)
                .map_err(|error| Halt::Because(format!("{name}, line {}: {error}", position.line)))?;
            let Some(extent) = read else { return Ok(()) };
            let content = lines::content(&line);
            let empty = content.trim_ascii().is_empty() || content.first() == Some(&COMMENT);
            if !empty
                && std::mem::take(&mut first)
                && let Some(advice) = lines::misshapen(&line)
            {
                return Err(Halt::Because(format!("{name}: {advice}")));
            }
            let checked = if extent == Extent::Start {
                Err(format!("larger than an answer can be: more than {MAX_LINE_BYTES} bytes"))
            } else if empty {
                Ok(None)
            } else {
                change(content, &self.reading.versions).map(Some)
            };
            match checked {
                Ok(None) => {}
                Ok(Some(change)) => self.add(position, change)?,
                Err(reason) => {
                    let place = format!("{name}, line {}", position.line);
                    self.refuse(&place, &reason, &line, extent, source)?;
                }
            }
            position.line += 1;
            self.batch.next = position;
        }
    }

    fn refuse(
        &self,
        place: &str,
        reason: &str,
        line: &[u8],
        extent: Extent,
        source: &mut dyn BufRead,
    ) -> Result<(), Halt> {
        if extent == Extent::Whole {
            return refusals(&self.reading).refuse(place, reason, line).map_err(Halt::Because);
        }
        refusals(&self.reading).begin(place, reason, line).map_err(Halt::Because)?;
        let mut part = Vec::new();
        let mut more = true;
        while more {
            // Nobody else is kept from the file while this waits for the source.
            more = lines::read_on(source, &mut part).map_err(|error| Halt::Because(format!("{place}: {error}")))?;
            refusals(&self.reading).go_on(&part).map_err(Halt::Because)?;
        }
        Ok(())
    }

    fn add(&mut self, position: Position, change: Change) -> Result<(), Halt> {
        let bytes = match &change.operation {
            Operation::Upsert(document) => document.as_bytes().len(),
            Operation::Delete => 0,
        };
        let full = self.batch.bytes + bytes > BATCH_BYTES || self.batch.entries.len() == BATCH_DOCUMENTS;
        if full && !self.batch.entries.is_empty() {
            self.send()?;
        }
        self.batch.bytes += bytes;
        self.batch.entries.push(Entry { position, change });
        Ok(())
    }

    fn send(&mut self) -> Result<(), Halt> {
        let next = Batch::new(self.batch.next);
        let batch = std::mem::replace(&mut self.batch, next);
        self.sender.blocking_send(Message::Batch(batch)).map_err(|_| Halt::Unwanted)
    }
}

fn refusals(reading: &Reading) -> MutexGuard<'_, Refusals> {
    reading.refusals.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The change that a line asks for.
fn change(line: &[u8], versions: &VersionRule) -> Result<Change, String> {
    let accepted = accept(Bytes::copy_from_slice(line))?;
    let version = versions.of(line)?;
    Ok(Change { id: accepted.id, version, operation: Operation::Upsert(accepted.document) })
}
