//! The indices of the six types of documents, made and kept up to date: as a function that a deployment calls, and as
//! a command of the program.
//!
//! An index's name ends with the fingerprint of its settings and mappings, and its alias is the name for all users. As
//! long as the fingerprint is that of this version nothing is done; otherwise the documents are copied into a new
//! index, and the alias is put before that one.

mod cluster_requests;
pub mod custom_resource;
pub mod domain;
mod error;
mod indices;
pub mod mappings;
mod reindex;
mod response_upload;
mod run;
mod tasks;

pub use cluster_requests::Deadline;
pub use custom_resource::PrepareSearch;
pub use error::PrepareError;
pub use mappings::{Fields, fingerprint};
pub use run::{IndexChange, Prepared, Preparer, ProgressListener};
