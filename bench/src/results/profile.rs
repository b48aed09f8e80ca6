//! Results of `bench phases`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/phases.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct PhasesResults {
    /// The circumstances.
    pub about: About,
    /// Instructions by phase.
    pub parts: BTreeMap<String, Instructions>,
    /// The functions of the part that has no name, the largest first.
    pub unnamed: Vec<(String, u64)>,
}

/// Instructions of the two phases.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Instructions {
    /// Until the first `next`.
    pub init: u64,
    /// From the first event to its answer.
    pub first: u64,
}

/// Part of the instructions that is in no phase.
pub const UNNAMED: &str = "the rest";
