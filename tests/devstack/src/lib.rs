//! Real services on one machine — DynamoDB Local, a Secrets Manager API, OpenSearch, the Lambda runtime interface, a
//! container engine — and the proxies between them and the functions. Each is fetched on first use and kept in a cache,
//! runs on a free port, is waited for by a condition, and stops with the value that holds it. A URL in the environment
//! replaces a service by one that runs already.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that can't go on has failed"
)]

pub mod artefacts;
pub mod broken_output;
pub mod command;
pub mod engine;
pub mod examples;
pub mod fetch;
pub mod fleet;
mod frozen;
pub mod key_server;
pub mod process;
pub mod proxy;
pub mod queue;
pub mod random;
pub mod sandbox;
pub mod stack;
pub mod tools;
pub mod watched;

/// The root of the repository.
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
