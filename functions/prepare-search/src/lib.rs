//! The indices of the six types of documents, made and kept up to date.

pub mod domain;
mod fault;

pub use fault::Fault;
