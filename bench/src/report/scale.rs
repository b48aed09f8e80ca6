//! Page section of tables of different sizes.

use devstack::random::Random;

use crate::results::scale::{ScaleResults, ScaleSample};
use crate::statistics::{median, median_estimate, ratio_estimate};
use crate::table::{markdown, number};

use super::chart::{self, Bar};
use super::values::{Values, interval};

/// An operation, and the time of its turn.
type Column = (&'static str, fn(&ScaleSample) -> f64);

const COLUMNS: [Column; 3] =
    [("get", |sample| sample.get_ms), ("create", |sample| sample.create_ms), ("list", |sample| sample.list_ms)];

fn engines(results: &ScaleResults) -> Vec<&str> {
    let mut engines: Vec<&str> = results.samples.iter().map(|sample| sample.engine.as_str()).collect();
    engines.dedup();
    engines
}

/// The sizes of an engine's tables.
fn sizes(results: &ScaleResults, engine: &str) -> Vec<u32> {
    let of_engine = results.samples.iter().filter(|sample| sample.engine == engine);
    let mut sizes: Vec<u32> = of_engine.map(|sample| sample.secrets).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Values of the turns of one table. It has one a round, in the order of rounds: those of a round are a pair.
fn turns(results: &ScaleResults, engine: &str, size: u32, value: fn(&ScaleSample) -> f64) -> Vec<f64> {
    let own = results.samples.iter().filter(|sample| sample.engine == engine && sample.secrets == size);
    own.map(value).collect()
}

fn table(results: &ScaleResults, engine: &str, random: &mut Random) -> String {
    let sizes = sizes(results, engine);
    let smallest = sizes.first().copied().unwrap_or_default();
    let mut rows = Vec::new();
    for size in sizes {
        let mut row = vec![format!("{size} secrets")];
        for (_, value) in COLUMNS {
            let own = turns(results, engine, size, value);
            row.push(number(median(&own)));
            row.push(if size == smallest {
                "1".to_owned()
            } else {
                interval(ratio_estimate(&own, &turns(results, engine, smallest, value), random))
            });
        }
        rows.push(row);
    }
    markdown(&["", "get ms", "ratio (95 %)", "create ms", "ratio (95 %)", "list ms", "ratio (95 %)"], &rows)
}

/// All tables, for a terminal.
pub fn text(results: &ScaleResults, random: &mut Random) -> String {
    let tables: String = engines(results)
        .into_iter()
        .map(|engine| format!("{engine}\n\n{}\n", table(results, engine, random)))
        .collect();
    format!("{tables}seed {}; all samples are in target/bench/scale.json\n", results.about.seed)
}

/// Values that the page may name.
pub(super) fn values(results: &ScaleResults, random: &mut Random) -> Values {
    let mut values = Values::new();
    for engine in engines(results) {
        let key = key(engine);
        values.insert(format!("scale.{key}.table"), table(results, engine, random));
    }
    let rounds = results.samples.iter().map(|sample| sample.round + 1).max().unwrap_or_default();
    values.insert("scale.rounds".to_owned(), rounds.to_string());
    values
}

/// An engine's name in a key or a file's name.
fn key(engine: &str) -> String {
    engine.to_lowercase().replace(' ', "-")
}

/// The charts, by name.
pub(super) fn charts(results: &ScaleResults, random: &mut Random) -> Vec<(String, String)> {
    let mut charts = Vec::new();
    for engine in engines(results) {
        let mut bars = Vec::new();
        for (operation, value) in COLUMNS {
            for size in sizes(results, engine) {
                let time = median_estimate(&turns(results, engine, size, value), random);
                let name = format!("{operation} {}", short(size));
                bars.push(Bar { name, pieces: vec![time.value], interval: (time.low, time.high) });
            }
        }
        let title = format!("{engine}: by number of secrets in the table");
        charts.push((format!("scale-{}", key(engine)), chart::bars(&title, "ms", &[], &bars)));
    }
    charts
}

/// A number of secrets as it fits before a bar.
fn short(size: u32) -> String {
    match size {
        size if size % 1_000_000 == 0 => format!("{} M", size / 1_000_000),
        size if size % 1_000 == 0 => format!("{} k", size / 1_000),
        size => size.to_string(),
    }
}
