//! Results of `bench list`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// The secrets of a page.
pub const PAGE: u32 = 100;

/// Content of `target/bench/list.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListResults {
    /// The circumstances.
    pub about: About,
    /// Engine of the table.
    pub engine: String,
    /// Number of secrets of the owner with many.
    pub secrets: u32,
    /// The size of the large ones' data in bytes.
    pub payload: u32,
    /// Every list.
    pub samples: Vec<ListSample>,
}

/// One list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListSample {
    /// Size of the data on the page: `large` or `small` secrets.
    pub page: String,
    /// Number of the owner's secrets.
    pub secrets: u32,
    /// In which round.
    pub round: u32,
    /// From the event to the answer.
    pub ms: f64,
    /// Units charged for the owner's names.
    pub names_units: f64,
    /// Units charged for the page's secrets.
    pub page_units: f64,
}
