//! Results of `bench serve`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/serve.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServeResults {
    /// The circumstances.
    pub about: About,
    /// Every turn.
    pub samples: Vec<ServeSample>,
    /// The server's memory, as time went by.
    pub memory: Vec<MemorySample>,
}

/// The requests of one turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServeSample {
    /// `get` or `create`.
    pub operation: String,
    /// Number of connections.
    pub connections: u32,
    /// In which round.
    pub round: u32,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// The server's processor time meanwhile.
    pub cpu_seconds: f64,
    /// Answers that were not as expected.
    pub errors: u32,
    /// From each request to its answer.
    pub requests_ms: Vec<f64>,
}

/// The server's memory at one moment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MemorySample {
    /// Requests answered until then.
    pub requests: u32,
    /// Resident memory.
    pub rss_kib: u64,
}
