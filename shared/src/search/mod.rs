//! Search documents: what they are, where one is read from, and how changes of them are applied.

pub mod documents;
mod opensearch;
mod rules;
mod store;
pub mod tombstone;
mod version;

pub use opensearch::{
    Cluster, ClusterAnswer, ErrorCause, OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings, OpenSearchWriter,
    Payload, alias,
};
pub use rules::SearchRules;
pub use store::{
    Change, DocumentBytes, DocumentStoreError, Operation, Outcome, ReadDocument, ReadVersions, StoredVersions,
    WriteDocuments,
};
pub use version::Version;
