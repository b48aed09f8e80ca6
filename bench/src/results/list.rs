//! Results of `bench list`.

use serde::{Deserialize, Serialize};

use crate::environment::About;

/// The secrets of a page.
pub const PAGE: u32 = 100;

/// What `target/bench/list.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListResults {
    /// The circumstances.
    pub about: About,
    /// What the table is in.
    pub engine: String,
    /// How many secrets the owner has who has many.
    pub secrets: u32,
    /// The size of the large ones' data in bytes.
    pub payload: u32,
    /// Every list.
    pub samples: Vec<ListSample>,
}

/// One list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListSample {
    /// What is on the page: `large` or `small` secrets.
    pub page: String,
    /// How many secrets the owner has.
    pub secrets: u32,
    /// In which round.
    pub round: u32,
    /// From the event to the answer.
    pub ms: f64,
    /// What the table charged for the owner's names.
    pub names_units: f64,
    /// What it charged for the page's secrets.
    pub page_units: f64,
}
