//! Results of `bench cold`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/cold.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ColdResults {
    /// The circumstances.
    pub about: About,
    /// Every start.
    pub samples: Vec<ColdSample>,
}

/// One start and its first request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColdSample {
    /// The function.
    pub function: String,
    /// The memory size in MB, which stands for a share of a core.
    pub memory_mb: u64,
    /// Contender that was started.
    pub contender: String,
    /// In which round.
    pub round: u32,
    /// From the start to the first `next`, with the whole machine.
    pub init_ms: f64,
    /// From the first event to its answer, with the share.
    pub first_ms: f64,
    /// The processor time of the start.
    pub init_cpu_ms: f64,
    /// The processor time of the start and the first request.
    pub cpu_ms: f64,
    /// The most memory until the first answer.
    pub peak_rss_kib: u64,
}

impl ColdSample {
    /// Wait of the first client, without the part that Lambda adds.
    pub fn sum_ms(&self) -> f64 {
        self.init_ms + self.first_ms
    }
}
