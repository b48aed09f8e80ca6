//! Results of `bench load`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/load.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoadResults {
    /// The circumstances.
    pub about: About,
    /// Number of documents.
    pub documents: u32,
    /// Their bytes together.
    pub bytes: u64,
    /// Every turn.
    pub samples: Vec<LoadSample>,
}

/// Loader, and its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loader {
    /// `coffer load --opensearch`.
    Coffer,
    /// A loop that reads lines, sends them with `_bulk` and waits for the answer.
    Loop,
    /// `coffer load` into the embedded store.
    Embedded,
}

/// One turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadSample {
    /// Loader.
    pub loader: Loader,
    /// In which round.
    pub round: u32,
    /// From the start to the end.
    pub seconds: f64,
    /// The most memory of the program; of the loop nothing is said.
    pub peak_rss_kib: Option<u64>,
}
