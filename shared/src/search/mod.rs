//! Search documents: their types, their stores, and the application of changes.

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
