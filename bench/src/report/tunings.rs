//! Page section of tunings that are taken away.

use devstack::random::Random;

use crate::results::cold::ColdResults;
use crate::results::tunings::TuningsResults;
use crate::statistics::Estimate;
use crate::table::{markdown, number};

use super::cold::groups;
use super::values::Values;

fn table(results: &TuningsResults, random: &mut Random) -> String {
    let cold = ColdResults { about: results.about.clone(), samples: results.samples.clone() };
    let mut rows = Vec::new();
    for group in groups(&cold) {
        for (row, (_, bytes)) in group.rows(random).iter().zip(&results.binaries) {
            let Estimate { value, low, high } = row.ratio;
            rows.push(vec![
                if rows.is_empty() { "none".to_owned() } else { row.name.to_owned() },
                number(row.median(|sample| sample.init_ms)),
                number(row.median(|sample| sample.first_ms)),
                number(row.sum.value),
                number(row.median(|sample| sample.cpu_ms)),
                number(row.median(|sample| sample.peak_rss_kib as f64 / 1024.0)),
                number(*bytes as f64 / 1e6),
                if rows.is_empty() {
                    "1".to_owned()
                } else {
                    format!("{} ({}–{})", number(value), number(low), number(high))
                },
            ]);
        }
    }
    let head = ["taken away", "init ms", "first ms", "sum ms", "CPU ms", "peak MB", "binary MB", "sum / none (95 %)"];
    markdown(&head, &rows)
}

fn rounds(results: &TuningsResults) -> u32 {
    results.samples.iter().map(|sample| sample.round + 1).max().unwrap_or_default()
}

/// The table, for a terminal.
pub fn text(results: &TuningsResults, random: &mut Random) -> String {
    let memory_mb = results.samples.first().map_or(0, |sample| sample.memory_mb);
    format!(
        "get-secret at {memory_mb} MB, {} rounds\n\n{}\nmedians; seed {}; all samples are in target/bench/tunings.json\n",
        rounds(results),
        table(results, random),
        results.about.seed
    )
}

/// Values that the page may name.
pub(super) fn values(results: &TuningsResults, random: &mut Random) -> Values {
    Values::from([
        ("tunings.table".to_owned(), table(results, random)),
        ("tunings.rounds".to_owned(), rounds(results).to_string()),
    ])
}
