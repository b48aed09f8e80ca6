//! The indices of the six types of documents, made and kept up to date: as a function that a deployment calls, and as
//! a command of the program.
//!
//! An index's name ends with the fingerprint of its settings and mappings, and its alias is what everybody uses. As
//! long as the fingerprint is that of this version nothing is done; otherwise the documents are copied into a new
//! index, and the alias is put before that one.

pub mod domain;
mod fault;
mod indices;
pub mod mappings;
mod migrate;
mod preparation;
mod requests;
pub mod resource;
mod tasks;

pub use fault::Fault;
pub use mappings::{Fields, fingerprint};
pub use preparation::{Outcome, Preparation, Prepared, Watch};
pub use requests::Limits;
pub use resource::PrepareSearch;
