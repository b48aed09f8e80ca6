//! Results of `bench seal`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/seal.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SealResults {
    /// The circumstances.
    pub about: About,
    /// Every turn.
    pub samples: Vec<SealSample>,
}

/// Cost of one turn of each, in nanoseconds for one operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SealSample {
    /// The plaintext's size in bytes.
    pub size: u32,
    /// In which round.
    pub round: u32,
    /// To seal a secret.
    pub seal_ns: f64,
    /// To encrypt as much with a key that is there.
    pub encrypt_ns: f64,
    /// To open a secret.
    pub open_ns: f64,
    /// To decrypt as much with a key that is there.
    pub decrypt_ns: f64,
}
