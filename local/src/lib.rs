//! Coffer in one process: both APIs on one port, on embedded stores.
//!
//! The handlers are those of `functions/`, and they are reached the way Lambda reaches them: [`gateway`] turns each
//! HTTP request into the event of an API Gateway REST API and the answer back. Below them, [`embedded`] stands for
//! DynamoDB, Secrets Manager and OpenSearch: the table is spoken to by the same SDK with the same calls.

pub mod app;
pub mod cli;
pub mod data_dir;
pub mod embedded;
pub mod gateway;
pub mod local_stores;
pub mod openapi;
pub mod server;
pub mod tokens;
