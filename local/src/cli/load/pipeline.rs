//! Batches on their way into a store: several at once, fewer where the store can't take so many.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use shared::names::IndexName;
use shared::search::{Change, DocumentStoreError, Operation, Outcome, ReadVersions, StoredVersions, WriteDocuments};
use tokio::sync::mpsc;

use super::batches::{Batch, Broken, Entry, Message};
use super::position::Position;
use super::refused::{Refusals, Refused};
use crate::cli::backoff::wait;
use crate::cli::output::complain;
use crate::cli::progress::{Progress, TICK};

/// Most batches under way at once.
const MOST: usize = 4;
/// Most bytes of documents under way at once, unless it is one batch: they are there twice, once as documents and once
/// as a request.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Reason of a load with an input that ended without a message.
const LOST: &str = "the thread that reads the lines ended before the last one";
/// After how many batches in a row that were taken at once one more is tried.
const STEADY: u32 = 8;

/// Result of a load.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All lines were read.
    Whole,
    /// It was told to stop.
    Stopped,
    /// It could not go on.
    Failed(String),
    /// The same command can't succeed.
    Unsuited(String),
}

/// Counts of the documents.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) loaded: u64,
    pub(super) unchanged: u64,
    pub(super) older: u64,
}

/// A load that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) how: End,
    pub(super) tally: Tally,
    /// The first line of the earliest batch that isn't done.
    pub(super) next: Position,
    /// Files that could not be read to their end.
    pub(super) broken: Vec<Broken>,
}

/// Pipeline into a store.
pub(super) struct Pipeline<'a, W> {
    pub(super) store: &'a W,
    pub(super) index: IndexName,
    /// Names of the files in messages.
    pub(super) names: Vec<String>,
    pub(super) refusals: &'a Mutex<Refusals>,
    pub(super) progress: Progress,
    /// True if counts and times may be compared as versions.
    pub(super) mix_versions: bool,
    /// Longest time without any success.
    pub(super) give_up_after: Duration,
}

/// A batch, and how often it failed.
struct Flight {
    number: u64,
    batch: Batch,
    /// Needs no comparison with the stored versions any more.
    compared: bool,
    /// Has a document that is stored, of a version that can be compared with the load's.
    met_stored: bool,
    /// Reason that stored versions could not be read, if so.
    unread: Option<String>,
    failures: u32,
}

/// Reasons of a batch that was not applied.
enum Stop {
    /// It may be applied later.
    Fault(DocumentStoreError),
    /// Its versions can't be compared with the stored ones.
    Unsuited(String),
}

/// State of the batches.
struct State {
    tally: Tally,
    /// The first lines of batches that aren't done.
    undone: BTreeMap<u64, Position>,
    /// The line after those that were taken.
    next: Position,
    broken: Vec<Broken>,
    /// The first batch with documents was applied, so that others may be beside it.
    begun: bool,
    /// A stored document was met, and no further batch need be compared.
    met_stored: bool,
    /// It was told that stored versions can't be read.
    told_unread: bool,
    taken: u64,
    /// Batches that failed, and when they are tried again.
    again: VecDeque<(Instant, Flight)>,
    bytes_under_way: usize,
    most: usize,
    steady: u32,
    failing_since: Option<Instant>,
}

impl<W: WriteDocuments + ReadVersions> Pipeline<'_, W> {
    /// Applies all batches. It ends early when `stop` resolves, or when nothing succeeds any more: then work under way
    /// comes to its end, and nothing else is begun.
    pub(super) async fn run(
        &self,
        mut batches: mpsc::Receiver<Message>,
        from: Position,
        stop: impl Future<Output = ()>,
    ) -> Ended {
        let mut state = State {
            tally: Tally::default(),
            undone: BTreeMap::new(),
            next: from,
            broken: Vec::new(),
            begun: self.mix_versions,
            met_stored: self.mix_versions,
            told_unread: false,
            taken: 0,
            again: VecDeque::new(),
            bytes_under_way: 0,
            most: MOST,
            steady: 0,
            failing_since: None,
        };
        let mut under_way = FuturesUnordered::new();
        let mut stop = pin!(stop);
        let mut ticks = tokio::time::interval(TICK);
        let mut end = None;
        let mut drained = false;
        loop {
            let room = end.is_none() && under_way.len() < state.most && state.bytes_under_way < MOST_BYTES;
            let due = state.again.front().map(|(due, _)| *due);
            if under_way.is_empty() && (end.is_some() || (drained && due.is_none())) {
                break;
            }
            tokio::select! {
                () = &mut stop, if end.is_none() => end = Some(End::Stopped),
                Some((flight, result)) = under_way.next(), if !under_way.is_empty() => {
                    if let Err(why) = self.landed(&mut state, flight, result) {
                        end.get_or_insert(why);
                    }
                }
                // Failed batches go first, and nothing new is begun before.
                () = until(due), if room && due.is_some() => {
                    if let Some((_, flight)) = state.again.pop_front() {
                        state.bytes_under_way += flight.batch.bytes;
                        under_way.push(self.fly(flight));
                    }
                }
                // Nothing else begins before the first batch: mostly it shows whether the versions suit the store's.
                batch = batches.recv(), if room && due.is_none() && !drained
                    && (state.begun || under_way.is_empty()) => match batch {
                    Some(Message::Batch(batch)) => {
                        let (number, compared) = (state.taken, state.met_stored);
                        let flight = Flight { number, batch, compared, met_stored: false, unread: None, failures: 0 };
                        state.taken += 1;
                        state.next = flight.batch.next;
                        state.undone.insert(flight.number, flight.batch.start);
                        state.bytes_under_way += flight.batch.bytes;
                        under_way.push(self.fly(flight));
                    }
                    Some(Message::End) => drained = true,
                    Some(Message::Broken(broken)) => state.broken.push(broken),
                    None => end = Some(End::Failed(LOST.to_owned())),
                },
                _ = ticks.tick() => self.progress.tick(),
            }
        }
        let next = state.undone.values().next().copied().unwrap_or(state.next);
        Ended { how: end.unwrap_or(End::Whole), tally: state.tally, next, broken: state.broken }
    }

    async fn fly(&self, mut flight: Flight) -> (Flight, Result<Vec<Outcome>, Stop>) {
        if !flight.compared {
            match self.compare(&flight.batch).await {
                Ok((met_stored, unread)) => {
                    (flight.compared, flight.met_stored, flight.unread) = (true, met_stored, unread);
                }
                Err(stop) => return (flight, Err(stop)),
            }
        }
        let changes: Vec<Change> = flight.batch.entries.iter().map(|entry| entry.change.clone()).collect();
        let result = self.store.apply(self.index, &changes).await;
        (flight, result.map_err(Stop::Fault))
    }

    /// Compares the versions of a batch with the stored ones: a count is lower than any time, and would be dropped as
    /// older in silence, or make all later counts so. Tells whether any of its documents is stored, and
    /// why some versions could not be read.
    async fn compare(&self, batch: &Batch) -> Result<(bool, Option<String>), Stop> {
        let ids: Vec<_> = batch.entries.iter().map(|entry| entry.change.id.clone()).collect();
        let StoredVersions { versions: stored, unread } =
            self.store.versions(self.index, &ids).await.map_err(Stop::Fault)?;
        let met_stored = stored.iter().any(Option::is_some);
        for (entry, stored) in batch.entries.iter().zip(stored) {
            let version = entry.change.version;
            if let Some(stored) = stored.filter(|stored| stored.is_unlike(version)) {
                let name = self.names.get(entry.position.file).map(String::as_str).unwrap_or_default();
                return Err(Stop::Unsuited(format!(
                    "{name}, line {}: the version is {version}, and that of the stored document {stored}: one is a \
                     count, the other a time in milliseconds, so that newer and older can't be told; give the right \
                     versions with --version-field or lines # version N, or load all the same with --mix-versions",
                    entry.position.line
                )));
            }
        }
        Ok((met_stored, unread))
    }

    /// Records the result of a batch. Changes that were not taken are tried again later.
    fn landed(&self, state: &mut State, mut flight: Flight, result: Result<Vec<Outcome>, Stop>) -> Result<(), End> {
        state.bytes_under_way = state.bytes_under_way.saturating_sub(flight.batch.bytes);
        if let Some(why) = flight.unread.take().filter(|_| !state.told_unread) {
            state.told_unread = true;
            self.progress.beside(|| {
                complain(&format!("the versions of stored documents can't be read, and were not compared: {why}"));
            });
        }
        let mut error = None;
        let all = flight.batch.entries.len();
        match result {
            Err(Stop::Unsuited(reason)) => return Err(End::Unsuited(reason)),
            Err(Stop::Fault(failed)) => error = Some(failed),
            Ok(outcomes) => {
                state.begun |= all > 0;
                state.met_stored |= flight.met_stored;
                let entries = std::mem::take(&mut flight.batch.entries);
                for (entry, outcome) in entries.into_iter().zip(outcomes) {
                    match outcome {
                        Outcome::Applied => state.tally.loaded += 1,
                        Outcome::Unchanged => state.tally.unchanged += 1,
                        Outcome::Stale(_) => state.tally.older += 1,
                        Outcome::Refused(reason) => flight.batch.refused.extend(self.refused(&entry, reason)),
                        Outcome::Failed(failed) => {
                            error = Some(failed);
                            flight.batch.entries.push(entry);
                        }
                    }
                }
            }
        }
        let done = all - flight.batch.entries.len();
        self.progress.documents(done as u64);
        if done > 0 {
            state.failing_since = None;
            flight.failures = 0;
        }
        match error {
            None => {
                flight.batch.refused.sort_by_key(|refused| refused.position);
                self.refusals
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .refuse(&flight.batch.refused)
                    .map_err(End::Failed)?;
                state.undone.remove(&flight.number);
                self.progress.waits_for(None);
                state.steady += 1;
                if state.steady >= STEADY {
                    state.most = (state.most + 1).min(MOST);
                    state.steady = 0;
                }
                Ok(())
            }
            Some(error) => self.failed(state, flight, &error).map_err(End::Failed),
        }
    }

    /// A store that fails gets fewer batches at once, and each again after a while.
    fn failed(&self, state: &mut State, mut flight: Flight, error: &DocumentStoreError) -> Result<(), String> {
        let now = Instant::now();
        let since = *state.failing_since.get_or_insert(now);
        if now.duration_since(since) >= self.give_up_after {
            return Err(format!("{error}; it took nothing for {} seconds", self.give_up_after.as_secs()));
        }
        state.most = (state.most / 2).max(1);
        state.steady = 0;
        flight.failures += 1;
        flight.batch.bytes = flight.batch.entries.iter().map(|entry| size(&entry.change)).sum();
        self.progress.waits_for(Some(error.to_string()));
        state.again.push_back((now + wait(flight.failures, error), flight));
        state.again.make_contiguous().sort_by_key(|(due, _)| *due);
        Ok(())
    }

    fn refused(&self, entry: &Entry, reason: String) -> Option<Refused> {
        let Operation::Upsert(document) = &entry.change.operation else { return None };
        let position = entry.position;
        let name = self.names.get(position.file).map(String::as_str).unwrap_or_default();
        let place = format!("{name}, line {}", position.line);
        Some(Refused { position, place, reason, version: entry.given, line: document.as_bytes().to_vec() })
    }
}

fn size(change: &Change) -> usize {
    match &change.operation {
        Operation::Upsert(document) => document.as_bytes().len(),
        Operation::Delete => 0,
    }
}

/// Resolves at this time.
async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due.into()).await;
    }
}

#[cfg(test)]
mod tests;
