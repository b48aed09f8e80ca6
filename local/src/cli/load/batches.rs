//! From lines to batches of changes, in a thread of its own: reading may block for as long as it likes.

use std::io::{self, BufRead, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use shared::document_validation::ValidDocument;
use shared::search::{Change, Operation, Version};
use tokio::sync::mpsc;

use super::lines::{self, Extent, MAX_LINE_BYTES};
use super::position::Position;
use super::refused::{COMMENT, Refused};
use super::source;
use super::version::{self, VERSION_LINE, VersionRule};
use crate::cli::progress::Progress;

/// A batch has no more than these bytes of documents, unless it is one document.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// A batch has no more documents than these.
const BATCH_DOCUMENTS: usize = 2_000;
/// The reason of a line with zeros in it.
const ZEROS: &str = "zeros stand in it, as where a part of a file is lost: only at the end of a file they are padding";
/// Number of batches that wait to be taken.
const WAITING: usize = 1;

/// A change, and the line that asks for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) position: Position,
    /// The version, if a line gave it.
    pub(super) given: Option<Version>,
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
    /// Refused lines. They are written down when the batch is done: a load that goes on with this batch refuses them
    /// again.
    pub(super) refused: Vec<Refused>,
    /// Size of its documents and refused lines, in bytes.
    pub(super) bytes: usize,
}

impl Batch {
    fn new(start: Position) -> Self {
        Self { start, next: start, entries: Vec::new(), refused: Vec::new(), bytes: 0 }
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.refused.is_empty()
    }
}

/// Source of the lines, and the rules for reading them.
#[derive(Debug)]
pub(super) struct Reading {
    /// The files, in their order.
    pub(super) files: Arc<Vec<PathBuf>>,
    /// The first line that is read of the first file.
    pub(super) from_line: u64,
    /// Where versions are found.
    pub(super) versions: VersionRule,
    /// Progress of the load.
    pub(super) progress: Progress,
}

/// Message of the thread that reads.
#[derive(Debug)]
pub(super) enum Message {
    /// Changes to apply.
    Batch(Batch),
    /// All lines were read. Without this message a closed channel is an error: the thread may have panicked.
    End,
    /// A file can't be read, or not any further. The files after it still are.
    Broken(Broken),
}

/// A file that can't be read to its end.
#[derive(Debug)]
pub(super) struct Broken {
    /// The error.
    pub(super) reason: String,
    /// The first line that was not read, if reading on there may succeed: a file that was cut off can be completed,
    /// damaged bytes and other formats stay as they are.
    pub(super) resume: Option<Position>,
}

/// Begins to read. The last message is [`Message::End`].
pub(super) fn start(reading: Reading) -> std::io::Result<mpsc::Receiver<Message>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    // Nobody waits for its end: it may be in the middle of a read when the load stops.
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        let batch = Batch::new(Position { file: 0, line: reading.from_line });
        let mut reader = Reader { reading, sender, batch };
        // A load that stops needs no message.
        if reader.files().is_ok() && reader.send().is_ok() {
            let _ = reader.sender.blocking_send(Message::End);
        }
    })?;
    Ok(receiver)
}

/// Version that lines give to the next document.
struct Given {
    /// The first such line.
    line: u64,
    /// The version, or the reason to refuse the document.
    version: Result<Version, String>,
    /// The lines, for the file of refused lines if they are refused: the document alone would get another version there.
    text: Vec<u8>,
}

impl Given {
    fn new(line: u64, version: Result<Version, String>, content: &[u8]) -> Self {
        let version = version.map_err(|reason| format!("line {line}, which gives its version, {reason}"));
        Self { line, version, text: [content, b"\n"].concat() }
    }

    /// Adds a line that gives a version too. Of more than two lines the first two are kept.
    fn again(&mut self, content: &[u8]) {
        if self.version.is_ok() {
            self.version = Err(format!("more than one line gives its version, the first of them line {}", self.line));
            self.text.extend_from_slice(content);
            self.text.push(b'\n');
        }
    }
}

/// Reasons to read no more.
enum Halt {
    /// The file can't be read.
    Broken(Broken),
    /// Nobody takes the batches.
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
            match self.file(file, path) {
                Err(Halt::Broken(broken)) => {
                    self.sender.blocking_send(Message::Broken(broken)).map_err(|_| Halt::Unwanted)?;
                }
                ended => ended?,
            }
        }
        Ok(())
    }

    fn file(&mut self, file: usize, path: &Path) -> Result<(), Halt> {
        let name = source::name(path);
        let mut position = Position { file, line: 1 };
        let mut source = source::open(path, &self.reading.progress).map_err(|error| broken(&name, position, &error))?;
        if file == 0 {
            while position.line < self.reading.from_line
                && lines::skip(&mut source).map_err(|error| broken(&name, position, &error))?
            {
                position.line += 1;
            }
        }
        if self.batch.is_empty() {
            self.batch.start = position;
        }
        self.batch.next = position;
        self.lines(&name, source, position)
    }

    fn lines(&mut self, name: &str, mut source: Box<dyn BufRead>, mut position: Position) -> Result<(), Halt> {
        let mut line = Vec::new();
        // A load that goes on in the middle of a file has seen its start.
        let mut first = position.line == 1;
        // Given by a line for the next document.
        let mut given: Option<Given> = None;
        loop {
            let place = || format!("{name}, line {}", position.line);
            // After a line that gives a version it is that line.
            let resume = self.batch.next;
            let failed = |error| broken(&place(), resume, &error);
            let Some(extent) = lines::read(&mut source, &mut line).map_err(failed)? else {
                return given.map_or(Ok(()), |given| Err(without_document(name, &given, resume)));
            };
            if line.is_empty() && position.line == 1 {
                let reason = format!("{name}: it has only zeros: the documents were not written, or are lost");
                return Err(Halt::Broken(Broken { reason, resume: None }));
            }
            let zeros = line.contains(&0);
            let content = lines::content(&line);
            // A comment up to such a return would hide the lines after it.
            let returns = content.first() == Some(&COMMENT) && content.trim_ascii_end().contains(&b'\r');
            let empty = !zeros && !returns && (content.trim_ascii().is_empty() || content.first() == Some(&COMMENT));
            if !empty && !zeros && std::mem::take(&mut first) && lines::is_suspect(&line) {
                // The rest of a line that is too long is not the next line.
                let ahead = if extent == Extent::Whole { lines::ahead(&mut source) } else { Vec::new() };
                if let Some(advice) = lines::misshapen(&line, &ahead) {
                    return Err(Halt::Broken(Broken { reason: format!("{name}: {advice}"), resume: None }));
                }
                source = Box::new(Cursor::new(ahead).chain(source));
            }
            if empty && let Some(version) = version::line_of(content) {
                // The rest of a line that is too long may say anything.
                let (version, content) = match extent {
                    Extent::Whole => (version, content),
                    Extent::Start => (Err("is too long".to_owned()), VERSION_LINE.trim_end().as_bytes()),
                };
                match &mut given {
                    Some(given) => given.again(content),
                    None => given = Some(Given::new(position.line, version, content)),
                }
            }
            if extent == Extent::Start {
                lines::skip(&mut source).map_err(failed)?;
            }
            let checked = if zeros {
                Err(ZEROS.to_owned())
            } else if returns {
                Err(lines::RETURN.to_owned())
            } else if extent == Extent::Start {
                Err(format!(
                    "larger than an answer can be: more than {MAX_LINE_BYTES} bytes, of which the first are kept"
                ))
            } else if empty {
                Ok(None)
            } else {
                let version = given.as_ref().map(|given| given.version.clone());
                change(content, version, &self.reading.versions).map(Some)
            };
            // A comment that is too long is refused, and leaves the version to the document after it.
            let taken = given.take_if(|_| !empty);
            let version = taken.as_ref().and_then(|given| given.version.as_ref().ok()).copied();
            match checked {
                Ok(None) => {}
                Ok(Some(change)) => self.add(position, version, change)?,
                Err(reason) => {
                    let text = taken.filter(|given| given.version.is_err()).map(|given| given.text);
                    let line = [text.unwrap_or_default(), std::mem::take(&mut line)].concat();
                    self.refuse(Refused { position, place: place(), reason, version, line })?;
                }
            }
            position.line += 1;
            // A load that goes on begins with the line that gives a version.
            if given.is_none() {
                self.batch.next = position;
            }
        }
    }

    fn add(&mut self, position: Position, given: Option<Version>, change: Change) -> Result<(), Halt> {
        let bytes = match &change.operation {
            Operation::Upsert(document) => document.as_bytes().len(),
            Operation::Delete => 0,
        };
        self.reserve(bytes)?;
        self.batch.entries.push(Entry { position, given, change });
        Ok(())
    }

    fn refuse(&mut self, refused: Refused) -> Result<(), Halt> {
        self.reserve(refused.line.len())?;
        self.batch.refused.push(refused);
        Ok(())
    }

    /// Adds a line's bytes to the batch, after sending it if it is full.
    fn reserve(&mut self, bytes: usize) -> Result<(), Halt> {
        let count = self.batch.entries.len() + self.batch.refused.len();
        let full = self.batch.bytes + bytes > BATCH_BYTES || count == BATCH_DOCUMENTS;
        if full && !self.batch.is_empty() {
            self.send()?;
        }
        self.batch.bytes += bytes;
        Ok(())
    }

    fn send(&mut self) -> Result<(), Halt> {
        let next = Batch::new(self.batch.next);
        let batch = std::mem::replace(&mut self.batch, next);
        self.sender.blocking_send(Message::Batch(batch)).map_err(|_| Halt::Unwanted)
    }
}

/// A version without a document ends a file: the file was cut between them.
fn without_document(name: &str, given: &Given, resume: Position) -> Halt {
    let reason = format!("{name}, line {}: it gives a version, and the document after it is missing", given.line);
    Halt::Broken(Broken { reason, resume: Some(resume) })
}

fn broken(place: &str, resume: Position, error: &io::Error) -> Halt {
    // Damaged bytes have no number of the operating system, and a folder never becomes a file.
    let passes = error.raw_os_error().is_some() && error.kind() != io::ErrorKind::IsADirectory;
    let resume = (passes || error.kind() == io::ErrorKind::UnexpectedEof).then_some(resume);
    Halt::Broken(Broken { reason: format!("{place}: {error}"), resume })
}

/// The change that a line asks for.
fn change(line: &[u8], given: Option<Result<Version, String>>, versions: &VersionRule) -> Result<Change, String> {
    let accepted = ValidDocument::parse(Bytes::copy_from_slice(line)).map_err(|reason| match line {
        _ if lines::has_comma(line) => lines::COMMA.to_owned(),
        _ if line.contains(&b'\r') => lines::RETURN.to_owned(),
        _ => reason,
    })?;
    let version = given.unwrap_or_else(|| versions.of(line))?;
    Ok(Change { id: accepted.id, version, operation: Operation::Upsert(accepted.document) })
}
