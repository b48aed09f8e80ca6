//! Results of `bench load`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// What `target/bench/load.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoadResults {
    /// The circumstances.
    pub about: About,
    /// How many documents.
    pub documents: u32,
    /// How many bytes they have together.
    pub bytes: u64,
    /// Every turn.
    pub samples: Vec<LoadSample>,
}

/// Who loads, and where to.
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
    /// Who loaded.
    pub loader: Loader,
    /// In which round.
    pub round: u32,
    /// From the start to the end.
    pub seconds: f64,
    /// The most memory of the program; of the loop nothing is said.
    pub peak_rss_kib: Option<u64>,
}
