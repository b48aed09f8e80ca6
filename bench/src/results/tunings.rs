//! Results of `bench tunings`.

use serde::{Deserialize, Serialize};

use super::cold::ColdSample;
use crate::environment::About;

/// Content of `target/bench/tunings.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct TuningsResults {
    /// The circumstances.
    pub about: About,
    /// The contenders in their order: the name, and the binary's size in bytes.
    pub binaries: Vec<(String, u64)>,
    /// Every start.
    pub samples: Vec<ColdSample>,
}
