//! What is shown of tables of different sizes.

use services::random::Random;

use crate::scale::{ScaleResults, ScaleSample};
use crate::statistics::{median, ratio_estimate};
use crate::table::{markdown, number};

use super::{Values, interval};

const COLUMNS: [fn(&ScaleSample) -> f64; 3] =
    [|sample| sample.get_ms, |sample| sample.create_ms, |sample| sample.list_ms];

fn engines(results: &ScaleResults) -> Vec<&str> {
    let mut engines: Vec<&str> = results.samples.iter().map(|sample| sample.engine.as_str()).collect();
    engines.dedup();
    engines
}

fn table(results: &ScaleResults, engine: &str, random: &mut Random) -> String {
    let of_engine = || results.samples.iter().filter(|sample| sample.engine == engine);
    let mut sizes: Vec<u32> = of_engine().map(|sample| sample.secrets).collect();
    sizes.sort_unstable();
    sizes.dedup();
    // Each table has one sample a round, in the order of rounds: those of a round are a pair.
    let values = |size: u32, value: fn(&ScaleSample) -> f64| -> Vec<f64> {
        of_engine().filter(|sample| sample.secrets == size).map(value).collect()
    };
    let smallest = sizes.first().copied().unwrap_or_default();
    let mut rows = Vec::new();
    for size in sizes {
        let mut row = vec![format!("{size} secrets")];
        for value in COLUMNS {
            let own = values(size, value);
            row.push(number(median(&own)));
            row.push(if size == smallest {
                "1".to_owned()
            } else {
                interval(ratio_estimate(&own, &values(smallest, value), random))
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

/// What the page may name.
pub(super) fn values(results: &ScaleResults, random: &mut Random) -> Values {
    let mut values = Values::new();
    for engine in engines(results) {
        let key = engine.to_lowercase().replace(' ', "-");
        values.insert(format!("scale.{key}.table"), table(results, engine, random));
    }
    let rounds = results.samples.iter().map(|sample| sample.round + 1).max().unwrap_or_default();
    values.insert("scale.rounds".to_owned(), rounds.to_string());
    values
}
