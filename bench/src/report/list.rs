//! Page section of lists.

use devstack::random::Random;

use crate::results::list::{ListResults, ListSample, PAGE};
use crate::statistics::{Estimate, median, quantile, ratio_estimate};
use crate::table::{markdown, number};

use super::values::{Values, interval};

/// Samples of a page of an owner with few secrets, and of one with many.
fn pair<'a>(results: &'a ListResults, page: &str) -> [Vec<&'a ListSample>; 2] {
    [PAGE, results.secrets].map(|secrets| {
        results.samples.iter().filter(|sample| sample.page == page && sample.secrets == secrets).collect()
    })
}

fn values_of(samples: &[&ListSample], value: fn(&ListSample) -> f64) -> Vec<f64> {
    samples.iter().map(|sample| value(sample)).collect()
}

fn ratio(pair: &[Vec<&ListSample>; 2], value: fn(&ListSample) -> f64, random: &mut Random) -> Estimate {
    let [few, many] = pair;
    ratio_estimate(&values_of(many, value), &values_of(few, value), random)
}

fn table(results: &ListResults, page: &str, random: &mut Random) -> String {
    let pair = pair(results, page);
    let units: fn(&ListSample) -> f64 = |sample| sample.names_units + sample.page_units;
    let mut rows = Vec::new();
    for (place, samples) in pair.iter().enumerate() {
        let of = |value| median(&values_of(samples, value));
        let times = values_of(samples, |sample| sample.ms);
        let many = place == 1;
        let compared = |text: String| if many { text } else { "1".to_owned() };
        rows.push(vec![
            format!("{} secrets", samples.first().map_or(0, |sample| sample.secrets)),
            number(median(&times)),
            number(quantile(&times, 0.99)),
            compared(interval(ratio(&pair, |sample| sample.ms, random))),
            number(of(|sample| sample.names_units)),
            number(of(|sample| sample.page_units)),
            compared(number(ratio(&pair, units, random).value)),
        ]);
    }
    markdown(
        &["owner has", "median ms", "p99 ms", "ratio (95 %)", "units for names", "units for page", "ratio of units"],
        &rows,
    )
}

/// All tables, for a terminal.
pub fn text(results: &ListResults, random: &mut Random) -> String {
    let tables: String = ["large", "small"]
        .into_iter()
        .map(|page| {
            format!("a page of {PAGE} {page} secrets in {}\n\n{}\n", results.engine, table(results, page, random))
        })
        .collect();
    format!("{tables}seed {}; all samples are in target/bench/list.json\n", results.about.seed)
}

/// Values that the page may name.
pub(super) fn values(results: &ListResults, random: &mut Random) -> Values {
    let mut values = Values::new();
    for page in ["large", "small"] {
        values.insert(format!("list.{page}.table"), table(results, page, random));
    }
    let rounds = results.samples.iter().map(|sample| sample.round + 1).max().unwrap_or_default();
    values.insert("list.rounds".to_owned(), rounds.to_string());
    values.insert("list.engine".to_owned(), results.engine.clone());
    values.insert("list.secrets".to_owned(), results.secrets.to_string());
    values.insert("list.payload".to_owned(), results.payload.to_string());
    values
}
