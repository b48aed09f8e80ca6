//! The embedded stores: stand-ins for DynamoDB, Secrets Manager and OpenSearch on one machine.

mod documents;
mod keyring;
mod table;

pub use documents::{EmbeddedDocuments, EmbeddedStoreError};
pub use keyring::KeyringFile;
pub use table::{EmbeddedTable, TABLE, client};
