//! What became of a batch: the answer to the queue, and the log.

use std::time::Instant;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use shared::names::IndexName;
use shared::search::{Change, DocumentStoreError, Outcome, Version};

use crate::OPERATION;
use crate::batch::Document;
use crate::bulk::{BulkRequest, Origin};
use crate::message::Defect;

/// What became of the messages until now.
#[derive(Debug)]
pub(crate) struct BatchResult {
    started: Instant,
    messages: usize,
    applied: usize,
    superseded: usize,
    unchanged: usize,
    older: usize,
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
            older: 0,
            refused: 0,
            failed: 0,
            answer: SqsBatchResponse::default(),
        }
    }

    /// A message that can never be applied. The queue delivers it again, until it puts it with the dead ones.
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

    /// Takes the answer to a request; what comes back are the documents whose newest state was refused, and that have
    /// another candidate.
    pub(crate) fn settle(
        &mut self,
        request: BulkRequest,
        answer: Result<Vec<Outcome>, DocumentStoreError>,
    ) -> Vec<Document> {
        let BulkRequest { index, changes, origins, .. } = request;
        let outcomes = match answer {
            Ok(outcomes) => outcomes,
            Err(fault) => {
                tracing::warn!(
                    operation = OPERATION,
                    index = index.as_str(),
                    documents = changes.len(),
                    cause = fault.to_string(),
                    "request failed"
                );
                origins.into_iter().for_each(|origin| self.again(origin));
                return Vec::new();
            }
        };
        let mut open = Vec::new();
        for ((change, origin), outcome) in changes.iter().zip(origins).zip(outcomes) {
            match outcome {
                Outcome::Applied => self.applied += 1,
                Outcome::Unchanged => self.unchanged += 1,
                Outcome::Stale(stored) => {
                    self.older += 1;
                    if let Some(stored) = stored {
                        warn_if_unlike(&origin.message_id, index, change, stored);
                    }
                }
                Outcome::Refused(reason) => {
                    let defect = Defect { index: Some(index), id: Some(change.id.clone()), reason };
                    self.unusable(origin.message_id, &defect);
                    open.extend(Some(origin.rest).filter(|rest| !rest.candidates.is_empty()));
                    continue;
                }
                Outcome::Failed(fault) => {
                    tracing::warn!(
                        operation = OPERATION,
                        message_id = origin.message_id,
                        index = index.as_str(),
                        id = change.id.as_str(),
                        cause = fault.to_string(),
                        "message failed"
                    );
                    self.again(origin);
                    continue;
                }
            }
            self.superseded += origin.rest.candidates.len();
            for older in &origin.rest.candidates {
                warn_if_unlike(&older.message_id, index, &older.change, change.version);
            }
        }
        open
    }

    /// A document whose change failed: its messages come again, the older ones too, for they count if the store refuses
    /// this one then.
    fn again(&mut self, origin: Origin) {
        self.failed += 1 + origin.rest.candidates.len();
        self.answer.add_failure(origin.message_id);
        for candidate in origin.rest.candidates {
            self.answer.add_failure(candidate.message_id);
        }
    }

    /// Logs what became of the batch; the answer to the queue.
    pub(crate) fn finish(self) -> SqsBatchResponse {
        tracing::info!(
            operation = OPERATION,
            duration_ms = self.started.elapsed().as_secs_f64() * 1000.0,
            messages = self.messages,
            applied = self.applied,
            superseded = self.superseded,
            unchanged = self.unchanged,
            older = self.older,
            refused = self.refused,
            failed = self.failed,
            "batch done"
        );
        self.answer
    }
}

/// Warns of a dropped change whose version is a count and the newer one a time: its producer and another one don't
/// number alike, and none of its changes would ever apply.
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
