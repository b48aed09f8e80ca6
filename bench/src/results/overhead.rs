//! Results of `bench added`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// Content of `target/bench/added.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct OverheadResults {
    /// The circumstances.
    pub about: About,
    /// Both functions.
    pub samples: Vec<OverheadSample>,
}

/// The rounds of one function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OverheadSample {
    /// The function.
    pub function: String,
    /// From asking the service to its answer, in the order of rounds.
    pub call_ms: Vec<f64>,
    /// From the event's text to the answer's, in the order of rounds.
    pub handler_ms: Vec<f64>,
    /// The same with a token that was not seen before.
    pub new_token_ms: Vec<f64>,
}

impl OverheadSample {
    /// A sample without rounds.
    pub fn new(function: &str) -> Self {
        Self { function: function.to_owned(), call_ms: Vec::new(), handler_ms: Vec::new(), new_token_ms: Vec::new() }
    }

    /// Adds a round.
    pub fn push(&mut self, call_ms: f64, handler_ms: f64, new_token_ms: f64) {
        self.call_ms.push(call_ms);
        self.handler_ms.push(handler_ms);
        self.new_token_ms.push(new_token_ms);
    }
}
