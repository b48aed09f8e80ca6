//! `coffer load`: documents into the embedded store, one JSON object a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use shared::http::Answer;
use shared::json::Members;
use shared::names::{DocumentId, IndexName};
use shared::search::DocumentBytes;

use crate::data::DataFolder;
use crate::embedded::{EmbeddedDocuments, Stored};

use super::{CommandError, Local, complain, say};

#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    /// The index: accessprofiles, accountactivities, entitlements, events, identities or roles
    #[arg(value_name = "INDEX", value_parser = index)]
    index: IndexName,
    /// Files of one JSON document a line; - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

fn index(text: &str) -> Result<IndexName, String> {
    IndexName::parse(text).ok_or_else(|| format!("the indices are {}", IndexName::list()))
}

/// A batch is stored when it has this many bytes, so that memory stays bounded whatever a document weighs.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// A batch is stored when it has this many documents.
const BATCH_DOCUMENTS: usize = 2_000;
/// The longest line that is read into memory, in bytes; a longer one is refused unread.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn run(args: &LoadArgs, data: &Path) -> Result<ExitCode, CommandError> {
    let data = DataFolder::open(data)?;
    let mut load = Load::new(args.index, Local::open_documents(&data)?);
    for path in &args.files {
        load.file(path)?;
    }
    load.finish()
}

struct Load {
    index: IndexName,
    store: EmbeddedDocuments,
    batch: Vec<Stored>,
    batch_bytes: usize,
    loaded: u64,
    refused: u64,
    progress: ProgressBar,
}

impl Load {
    fn new(index: IndexName, store: EmbeddedDocuments) -> Self {
        let progress = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left {msg}")
        {
            progress.set_style(style);
        }
        Self { index, store, batch: Vec::new(), batch_bytes: 0, loaded: 0, refused: 0, progress }
    }

    fn file(&mut self, path: &Path) -> Result<(), CommandError> {
        if path.as_os_str() == "-" {
            return self.lines("standard input", &mut io::stdin().lock());
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| format!("{name}: {error}"))?;
        if let Ok(metadata) = file.metadata() {
            self.progress.inc_length(metadata.len());
        }
        self.lines(&name, &mut BufReader::new(file))
    }

    fn lines(&mut self, name: &str, source: &mut dyn BufRead) -> Result<(), CommandError> {
        let mut number = 0_u64;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = read_line(source, &mut line).map_err(|error| format!("{name}: {error}"))?;
            let Some(whole) = read else { break };
            number += 1;
            self.progress.inc(line.len() as u64);
            let content = line.strip_suffix(b"\n").unwrap_or(&line);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            if content.trim_ascii().is_empty() {
                continue;
            }
            let checked = if whole { check(content) } else { Err(format!("is longer than {MAX_LINE_BYTES} bytes")) };
            match checked {
                Ok(stored) => self.add(stored)?,
                Err(reason) => {
                    self.refused += 1;
                    self.progress.suspend(|| complain(&format!("{name}, line {number}: refused: {reason}")));
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, stored: Stored) -> Result<(), CommandError> {
        self.batch_bytes += stored.document.as_bytes().len();
        self.batch.push(stored);
        if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_DOCUMENTS {
            self.store_batch()?;
        }
        Ok(())
    }

    fn store_batch(&mut self) -> Result<(), CommandError> {
        self.store.store(self.index, &self.batch)?;
        self.loaded += self.batch.len() as u64;
        self.batch.clear();
        self.batch_bytes = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<ExitCode, CommandError> {
        self.store_batch()?;
        self.progress.finish_and_clear();
        say(&format!("{}: {} loaded, {} refused", self.index, self.loaded, self.refused));
        Ok(if self.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Reads one line into `line`; `None` at the end, `Some(false)` if the line was too long and its rest was skipped.
fn read_line(source: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let mut whole = true;
    let mut any = false;
    loop {
        let available = source.fill_buf()?;
        if available.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let (taken, ended) = match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (available.len(), false),
        };
        if line.len() + taken > MAX_LINE_BYTES {
            whole = false;
        } else if let Some(part) = available.get(..taken) {
            line.extend_from_slice(part);
        }
        source.consume(taken);
        if ended {
            return Ok(Some(whole));
        }
    }
}

/// Accepts a line that is a document which can be read again: a JSON object with an id, small enough to be answered.
fn check(line: &[u8]) -> Result<Stored, String> {
    let members = Members::parse(line)
        .map_err(|error| format!("not a JSON object in UTF-8 that names each member once: {error}"))?;
    let id: String = members.read("id").ok_or("the member id is missing or no string")?;
    let id = DocumentId::parse(id).map_err(|error| format!("the id {error}"))?;
    let document = DocumentBytes::new(Bytes::copy_from_slice(line)).ok_or("not a JSON object")?;
    let answer = Answer::json(http::StatusCode::OK, document.clone().into_text());
    if !answer.fits() {
        return Err(format!("larger than an answer can be: {} bytes in the event", answer.event_size()));
    }
    Ok(Stored { id, document })
}
