//! Results of `bench scale`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/scale.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScaleResults {
    /// The circumstances.
    pub about: About,
    /// Every turn.
    pub samples: Vec<ScaleSample>,
}

/// A turn of one table: the median of its requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScaleSample {
    /// `embedded` or `DynamoDB Local`.
    pub engine: String,
    /// Number of secrets in the table.
    pub secrets: u32,
    /// In which round.
    pub round: u32,
    /// To read a secret.
    pub get_ms: f64,
    /// To create one more.
    pub create_ms: f64,
    /// To list the hundred secrets of an owner.
    pub list_ms: f64,
}
