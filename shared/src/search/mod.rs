//! Search documents: what they are, and where one is read from.

pub mod documents;
mod opensearch;
mod rules;
mod store;

pub use opensearch::{OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings};
pub use rules::SearchRules;
pub use store::{DocumentBytes, ReadDocument, SearchFault};
