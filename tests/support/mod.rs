//! A server for each test, on a free port, with its data in a temporary folder; and clients to speak to it.

mod client;
mod cluster;
mod contract;
mod functions;
mod gate;
pub mod program;
mod property;
mod reply;
mod server;
mod tokens;
pub mod wire;

pub use client::{Client, encode, secret_path, secrets_path};
pub use cluster::Cluster;
pub use contract::{body_faults, fault, fault_at, search_fault, utc};
pub(crate) use gate::refused;
pub use gate::{Gate, expect_no_keys, expect_search_401, expect_vault_401};
pub use property::holds_for_any;
pub use reply::Reply;
pub use server::{Builder, Server};
pub use tokens::{Claims, TestKey};
