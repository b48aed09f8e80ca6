//! Page section of sealing.

use devstack::random::Random;

use crate::results::seal::{SealResults, SealSample};
use crate::statistics::{median, ratio_estimate};
use crate::table::{markdown, number};

use super::values::{Values, interval};

/// Measured value, and the value beside it.
type Column = (&'static str, fn(&SealSample) -> f64, fn(&SealSample) -> f64);

const COLUMNS: [Column; 2] = [
    ("seal", |sample| sample.seal_ns, |sample| sample.encrypt_ns),
    ("open", |sample| sample.open_ns, |sample| sample.decrypt_ns),
];

fn table(results: &SealResults, random: &mut Random) -> String {
    let mut sizes: Vec<u32> = results.samples.iter().map(|sample| sample.size).collect();
    sizes.dedup();
    let mut rows = Vec::new();
    for size in sizes {
        for (name, product, alone) in COLUMNS {
            let values = |value: fn(&SealSample) -> f64| -> Vec<f64> {
                results.samples.iter().filter(|sample| sample.size == size).map(value).collect()
            };
            let (product, alone) = (values(product), values(alone));
            rows.push(vec![
                format!("{name} {size} bytes"),
                number(median(&product)),
                number(median(&alone)),
                number(median(&product) - median(&alone)),
                interval(ratio_estimate(&product, &alone, random)),
            ]);
        }
    }
    markdown(&["", "ns", "cipher alone ns", "difference ns", "ratio (95 %)"], &rows)
}

/// The table, for a terminal.
pub fn text(results: &SealResults, random: &mut Random) -> String {
    format!("{}\nseed {}; all samples are in target/bench/seal.json\n", table(results, random), results.about.seed)
}

/// Values that the page may name.
pub(super) fn values(results: &SealResults, random: &mut Random) -> Values {
    let rounds = results.samples.iter().map(|sample| sample.round + 1).max().unwrap_or_default();
    Values::from([("seal.table".to_owned(), table(results, random)), ("seal.rounds".to_owned(), rounds.to_string())])
}
