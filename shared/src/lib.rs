//! Code that all of Coffer's functions share.
//!
//! Modules, lower ones first; a module uses only those above it in this list:
//! - [`names`]: identifiers that can't hold a bad value; [`random`]: random ids; [`json`]: objects that keep the bytes
//!   of their members;
//! - [`error_chain`], [`clock`], [`backoff`]: causes of an error, the wall clock, waits between attempts;
//! - [`clients`]: the SDK's clients, and the connections of all requests;
//! - [`sealing`]: the keyring, and sealed bytes;
//! - [`auth`]: from a token to a caller;
//! - [`vault`]: secrets, the permissions on them, the table; [`search`]: documents, where they are read from, and how
//!   changes of them are applied;
//! - [`http`]: paths, responses, the errors of both APIs, and the path of a request;
//! - [`deps`]: dependencies of the endpoints; [`document_validation`]: checks of a document before it is stored;
//! - [`settings`], [`telemetry`] and [`start`]: the start of a function.

pub mod auth;
pub mod backoff;
pub mod clients;
pub mod clock;
pub mod deps;
pub mod document_validation;
pub mod error_chain;
pub mod http;
pub mod json;
pub mod names;
pub mod random;
pub mod sealing;
pub mod search;
pub mod settings;
pub mod start;
pub mod telemetry;
mod url_encoding;
pub mod vault;
