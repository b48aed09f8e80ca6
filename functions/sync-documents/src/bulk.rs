//! Requests to the store: the newest change of each document, by index, and no request too large.

use std::collections::BTreeMap;

use shared::names::IndexName;
use shared::search::{Change, Operation};

use crate::batch::{Candidate, Document};

/// Most bytes of documents that are sent at once. The smallest domains of Amazon OpenSearch Service take requests of 10
/// MiB, and OpenSearch holds a request in memory while it works on it.
const MAX_BYTES: usize = 4 << 20;

/// Changes that are sent together: a change of each of these documents.
#[derive(Debug)]
pub(crate) struct BulkRequest {
    pub(crate) index: IndexName,
    pub(crate) changes: Vec<Change>,
    /// For each change where it came from.
    pub(crate) origins: Vec<Origin>,
    bytes: usize,
}

/// The message of a change, and the other messages of its document.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) message_id: String,
    pub(crate) rest: Document,
}

/// Takes the newest candidate of each document into a request of its index.
pub(crate) fn of(documents: Vec<Document>) -> Vec<BulkRequest> {
    let mut requests = BTreeMap::<IndexName, Vec<BulkRequest>>::new();
    for mut document in documents {
        let Some(Candidate { message_id, change }) = document.candidates.pop_front() else { continue };
        let (index, bytes) = (document.index, size(&change));
        let of_index = requests.entry(index).or_default();
        if of_index.last().is_none_or(|last| last.bytes + bytes > MAX_BYTES) {
            of_index.push(BulkRequest { index, changes: Vec::new(), origins: Vec::new(), bytes: 0 });
        }
        if let Some(request) = of_index.last_mut() {
            request.bytes += bytes;
            request.changes.push(change);
            request.origins.push(Origin { message_id, rest: document });
        }
    }
    requests.into_values().flatten().collect()
}

fn size(change: &Change) -> usize {
    change.id.as_str().len()
        + match &change.operation {
            Operation::Upsert(document) => document.as_bytes().len(),
            Operation::Delete => 0,
        }
}
