//! A server for each test, on a free port, with its data in a temporary folder; and clients to speak to it.

mod client;
pub mod program;
mod reply;
mod server;
mod tokens;

pub use client::{Client, encode, secret_path, secrets_path};
pub use reply::Reply;
pub use server::{Builder, Server};
pub use tokens::{Claims, TestKey};
