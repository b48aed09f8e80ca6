//! Results of `bench warm`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/warm.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct WarmResults {
    /// The circumstances.
    pub about: About,
    /// Every start.
    pub samples: Vec<WarmSample>,
}

/// The requests of one start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WarmSample {
    /// The function.
    pub function: String,
    /// The memory size in MB, which stands for a share of a core.
    pub memory_mb: u64,
    /// Contender that was started.
    pub contender: String,
    /// In which round.
    pub round: u32,
    /// The processor time of a request, on average.
    pub cpu_ms: f64,
    /// The most memory until the last answer.
    pub peak_rss_kib: u64,
    /// From each event to its answer.
    pub requests_ms: Vec<f64>,
}
