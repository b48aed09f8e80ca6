//! The messages of a batch, by the document that they change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use aws_lambda_events::event::sqs::SqsMessage;
use shared::names::{DocumentId, IndexName};
use shared::search::Change;

use crate::message::{self, Defect, Message};

/// A batch that was read.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The documents that are changed.
    pub(crate) documents: Vec<Document>,
    /// Messages that can never be applied, by their id.
    pub(crate) defects: Vec<(String, Defect)>,
}

/// A document and its candidates, of which there is at least one.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) index: IndexName,
    /// The newest first; of those of one version, the one that came first.
    pub(crate) candidates: VecDeque<Candidate>,
}

/// A change, and the message that it came by.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) message_id: String,
    pub(crate) change: Change,
}

/// A message that can't be named in an answer: then only all of the batch can be delivered again.
#[derive(Debug, thiserror::Error)]
#[error("a record has no messageId, so the batch can't be answered for message by message")]
pub(crate) struct NamelessRecord;

impl Batch {
    /// Reads the records of an event.
    pub(crate) fn read(records: Vec<SqsMessage>) -> Result<Self, NamelessRecord> {
        let mut defects = Vec::new();
        let mut documents = BTreeMap::<(IndexName, DocumentId), Vec<Candidate>>::new();
        for record in records {
            let message_id = record.message_id.filter(|id| !id.is_empty()).ok_or(NamelessRecord)?;
            match message::read(record.body.as_deref().unwrap_or_default()) {
                Ok(Message { index, change }) => {
                    let candidates = documents.entry((index, change.id.clone())).or_default();
                    candidates.push(Candidate { message_id, change });
                }
                Err(defect) => defects.push((message_id, defect)),
            }
        }
        let newest_first = |((index, _), mut candidates): ((IndexName, DocumentId), Vec<Candidate>)| {
            candidates.sort_by_key(|candidate| Reverse(candidate.change.version));
            Document { index, candidates: candidates.into() }
        };
        Ok(Self { documents: documents.into_iter().map(newest_first).collect(), defects })
    }
}
