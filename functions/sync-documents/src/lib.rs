//! Changes of documents from a queue: each document of a batch ends in its newest state, and the answer names the
//! messages that the queue has to deliver again.
//!
//! A queue delivers late, in any order, and more than once. None of it matters: every change names the version of the
//! document that it leads to, and the store takes none older than the stored one.

mod batch;
mod batch_result;
mod bulk;
mod message;

use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::future::join_all;
use shared::search::{DocumentStoreError, Outcome, WriteDocuments};
use shared::start::{StartError, Task};

use batch::{Batch, Document};
use batch_result::{BatchResult, OPERATION};
use bulk::BulkRequest;
use message::Defect;

/// Time reserved for the log and the answer: without an answer even the messages that were applied would come again.
const TO_ANSWER: Duration = Duration::from_secs(2);

/// Applies the changes that a queue delivers.
#[derive(Debug)]
pub struct SyncDocuments<W> {
    writer: W,
}

impl<W: WriteDocuments> SyncDocuments<W> {
    /// Applies them with this writer.
    #[must_use]
    pub fn new(writer: W) -> Self {
        Self { writer }
    }

    /// Sends a request, if it can be answered before the deadline.
    async fn send(&self, request: &BulkRequest, deadline: Instant) -> Result<Vec<Outcome>, DocumentStoreError> {
        let late = |_| Err(DocumentStoreError::Failed("the function's time is over".to_owned()));
        let outcomes = self.writer.apply(request.index, &request.changes);
        let outcomes = tokio::time::timeout_at(deadline.into(), outcomes).await.unwrap_or_else(late)?;
        if outcomes.len() == request.changes.len() {
            Ok(outcomes)
        } else {
            Err(DocumentStoreError::Failed("the store answered for another number of changes".to_owned()))
        }
    }
}

impl<W: WriteDocuments> Task for SyncDocuments<W> {
    const OPERATION: &'static str = OPERATION;
    type Event = SqsEvent;
    type Response = SqsBatchResponse;

    async fn run(&self, event: SqsEvent, time_left: Duration) -> Result<SqsBatchResponse, StartError> {
        let deadline = Instant::now() + time_left.saturating_sub(TO_ANSWER);
        let mut result = BatchResult::start(event.records.len());
        let Batch { documents, defects } = Batch::read(event.records)?;
        for (message_id, defect) in defects {
            result.unusable(message_id, &defect);
        }
        // One round, unless the store refuses a document's newest state: then the next newest has its turn.
        let mut open = documents;
        while !open.is_empty() {
            let requests = bulk::of(open);
            let answers = join_all(requests.iter().map(|request| self.send(request, deadline))).await;
            let settled = requests.into_iter().zip(answers);
            open = settled.flat_map(|(request, answer)| settle(request, answer, &mut result)).collect();
        }
        Ok(result.finish())
    }
}

/// Notes the answer to a request. A document is open again if its newest change was refused and it has an older one.
fn settle(
    BulkRequest { index, changes, origins, .. }: BulkRequest,
    answer: Result<Vec<Outcome>, DocumentStoreError>,
    result: &mut BatchResult,
) -> Vec<Document> {
    let outcomes = match answer {
        Ok(outcomes) => outcomes,
        Err(error) => {
            result.request_failed(index, origins, &error);
            return Vec::new();
        }
    };
    let mut open = Vec::new();
    for ((change, origin), outcome) in changes.iter().zip(origins).zip(outcomes) {
        match outcome {
            Outcome::Applied => result.applied(index, change, &origin),
            Outcome::Unchanged => result.unchanged(index, change, &origin),
            Outcome::Stale(stored) => result.stale(index, change, &origin, stored),
            Outcome::Failed(error) => result.failed(index, change, origin, &error),
            Outcome::Refused(reason) => {
                let defect = Defect { index: Some(index), id: Some(change.id.clone()), reason };
                result.unusable(origin.message_id, &defect);
                open.extend(Some(origin.rest).filter(|rest| !rest.candidates.is_empty()));
            }
        }
    }
    open
}
