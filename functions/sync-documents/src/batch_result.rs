//! Result of a batch: the answer to the queue, and the log.

use std::time::Instant;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use shared::names::IndexName;
use shared::search::{Change, DocumentStoreError, Version};

use crate::bulk::Origin;
use crate::message::Defect;

/// Name of the function in the log.
pub(crate) const OPERATION: &str = "sync-documents";

/// Results of a batch's messages so far.
#[derive(Debug)]
pub(crate) struct BatchResult {
    started: Instant,
    messages: usize,
    applied: usize,
    superseded: usize,
    unchanged: usize,
    stale: usize,
    refused: usize,
    failed: usize,
    answer: SqsBatchResponse,
}

impl BatchResult {
    /// For a batch of so many messages.
    pub(crate) fn start(messages: usize) -> Self {
        Self {
            started: Instant::now(),
            messages,
            applied: 0,
            superseded: 0,
            unchanged: 0,
            stale: 0,
            refused: 0,
            failed: 0,
            answer: SqsBatchResponse::default(),
        }
    }

    /// A message that can never be applied. The queue delivers it again, and then moves it to the dead-letter queue.
    pub(crate) fn unusable(&mut self, message_id: String, defect: &Defect) {
        self.refused += 1;
        tracing::error!(
            operation = OPERATION,
            message_id,
            index = defect.index.map(IndexName::as_str),
            id = defect.id.as_ref().map(|id| id.as_str()),
            reason = defect.reason,
            "message refused"
        );
        self.answer.add_failure(message_id);
    }

    /// Notes a request that got no answer: the messages of its documents come again.
    pub(crate) fn request_failed(&mut self, index: IndexName, origins: Vec<Origin>, error: &DocumentStoreError) {
        tracing::warn!(
            operation = OPERATION,
            index = index.as_str(),
            documents = origins.len(),
            cause = error.to_string(),
            "request failed"
        );
        origins.into_iter().for_each(|origin| self.again(origin));
    }

    /// Notes a change that failed by itself: the messages of its document come again.
    pub(crate) fn failed(&mut self, index: IndexName, change: &Change, origin: Origin, error: &DocumentStoreError) {
        tracing::warn!(
            operation = OPERATION,
            message_id = origin.message_id,
            index = index.as_str(),
            id = change.id.as_str(),
            cause = error.to_string(),
            "message failed"
        );
        self.again(origin);
    }

    /// Notes a change that the store applied.
    pub(crate) fn applied(&mut self, index: IndexName, change: &Change, origin: &Origin) {
        self.applied += 1;
        self.supersede(index, change, origin);
    }

    /// Notes a change that the store had already.
    pub(crate) fn unchanged(&mut self, index: IndexName, change: &Change, origin: &Origin) {
        self.unchanged += 1;
        self.supersede(index, change, origin);
    }

    /// Notes a change that is older than the stored version, where that is known.
    pub(crate) fn stale(&mut self, index: IndexName, change: &Change, origin: &Origin, stored: Option<Version>) {
        self.stale += 1;
        if let Some(stored) = stored {
            warn_if_unlike(&origin.message_id, index, change, stored);
        }
        self.supersede(index, change, origin);
    }

    /// Older messages of the document are done with its newest change.
    fn supersede(&mut self, index: IndexName, change: &Change, origin: &Origin) {
        self.superseded += origin.rest.candidates.len();
        for older in &origin.rest.candidates {
            warn_if_unlike(&older.message_id, index, &older.change, change.version);
        }
    }

    /// The messages of a document come again, the older ones too, for they count if the store refuses the newest then.
    fn again(&mut self, origin: Origin) {
        self.failed += 1 + origin.rest.candidates.len();
        self.answer.add_failure(origin.message_id);
        for candidate in origin.rest.candidates {
            self.answer.add_failure(candidate.message_id);
        }
    }

    /// Logs the result of the batch; the answer to the queue.
    pub(crate) fn finish(self) -> SqsBatchResponse {
        tracing::info!(
            operation = OPERATION,
            duration_ms = self.started.elapsed().as_secs_f64() * 1000.0,
            messages = self.messages,
            applied = self.applied,
            superseded = self.superseded,
            unchanged = self.unchanged,
            older = self.stale,
            refused = self.refused,
            failed = self.failed,
            "batch done"
        );
        self.answer
    }
}

/// Warns of a dropped change if its version is a count and the newer one a time. Its producer and another one number
/// differently, and none of its changes would ever apply.
fn warn_if_unlike(message_id: &str, index: IndexName, dropped: &Change, newer: Version) {
    if dropped.version.is_unlike(newer) {
        tracing::warn!(
            operation = OPERATION,
            message_id,
            index = index.as_str(),
            id = dropped.id.as_str(),
            version = dropped.version.number(),
            newer_version = newer.number(),
            "message dropped for a version of another kind"
        );
    }
}
