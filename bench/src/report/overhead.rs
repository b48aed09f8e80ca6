//! Page section of handlers beside their calls.

use devstack::random::Random;

use crate::results::overhead::{OverheadResults, OverheadSample};
use crate::statistics::{difference_estimate, median};
use crate::table::{markdown, number};

use super::values::{Values, interval};

fn table(results: &OverheadResults, random: &mut Random) -> String {
    let row = |sample: &OverheadSample| {
        let OverheadSample { function, call_ms, handler_ms, new_token_ms } = sample;
        vec![
            function.clone(),
            number(median(call_ms)),
            number(median(handler_ms)),
            interval(difference_estimate(handler_ms, call_ms, random)),
            interval(difference_estimate(new_token_ms, call_ms, random)),
        ]
    };
    let rows: Vec<_> = results.samples.iter().map(row).collect();
    markdown(&["", "the call, p50 ms", "the handler, p50 ms", "added ms (95 %)", "with a new token (95 %)"], &rows)
}

fn rounds(results: &OverheadResults) -> usize {
    results.samples.first().map_or(0, |sample| sample.call_ms.len())
}

/// The table, for a terminal.
pub fn text(results: &OverheadResults, random: &mut Random) -> String {
    let (rounds, table) = (rounds(results), table(results, random));
    format!("{rounds} rounds\n\n{table}\nseed {}; all samples are in target/bench/added.json\n", results.about.seed)
}

/// Values that the page may name.
pub(super) fn values(results: &OverheadResults, random: &mut Random) -> Values {
    Values::from([
        ("added.table".to_owned(), table(results, random)),
        ("added.rounds".to_owned(), rounds(results).to_string()),
    ])
}
