//! Page section of loading.

use devstack::random::Random;

use crate::results::load::{LoadResults, Loader};
use crate::statistics::{median, ratio_estimate};
use crate::table::{markdown, number};

use super::values::{Values, interval};

const ROWS: [(Loader, &str); 3] = [
    (Loader::Coffer, "`coffer load --opensearch`"),
    (Loader::Loop, "the plain loop"),
    (Loader::Embedded, "`coffer load`, the embedded store"),
];

fn table(results: &LoadResults, random: &mut Random) -> String {
    let rates = |loader: Loader| -> Vec<f64> {
        let own = results.samples.iter().filter(|sample| sample.loader == loader);
        own.map(|sample| f64::from(results.documents) / sample.seconds).collect()
    };
    let plain = rates(Loader::Loop);
    let size = results.bytes as f64 / f64::from(results.documents) / 1e6;
    let mut rows = Vec::new();
    for (loader, name) in ROWS {
        let own = rates(loader);
        let peak = results.samples.iter().filter(|sample| sample.loader == loader).filter_map(|s| s.peak_rss_kib).max();
        rows.push(vec![
            name.to_owned(),
            number(median(&own)),
            number(median(&own) * size),
            peak.map_or_else(String::new, |peak| number(peak as f64 / 1024.0)),
            match loader {
                Loader::Coffer => interval(ratio_estimate(&own, &plain, random)),
                Loader::Loop => "1".to_owned(),
                Loader::Embedded => String::new(),
            },
        ]);
    }
    markdown(&["", "documents a second", "MB a second", "peak MB", "rate / plain loop (95 %)"], &rows)
}

fn rounds(results: &LoadResults) -> u32 {
    results.samples.iter().map(|sample| sample.round + 1).max().unwrap_or_default()
}

/// The table, for a terminal.
pub fn text(results: &LoadResults, random: &mut Random) -> String {
    format!(
        "{} documents of {} bytes, {} rounds\n\n{}\nseed {}; all samples are in target/bench/load.json\n",
        results.documents,
        results.bytes,
        rounds(results),
        table(results, random),
        results.about.seed
    )
}

/// Values that the page may name.
pub(super) fn values(results: &LoadResults, random: &mut Random) -> Values {
    Values::from([
        ("load.table".to_owned(), table(results, random)),
        ("load.documents".to_owned(), results.documents.to_string()),
        ("load.megabytes".to_owned(), number(results.bytes as f64 / 1e6)),
        ("load.rounds".to_owned(), rounds(results).to_string()),
    ])
}
