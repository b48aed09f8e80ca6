//! Page section of the server under load.

use devstack::random::Random;

use crate::results::serve::{MemorySample, ServeResults, ServeSample};
use crate::statistics::{median, median_estimate, quantile};
use crate::table::{markdown, number};

use super::chart::{self, Bar};
use super::values::{Values, interval};

/// The samples of one operation over one number of connections.
fn groups(results: &ServeResults) -> Vec<((&str, u32), Vec<&ServeSample>)> {
    let mut groups: Vec<((&str, u32), Vec<&ServeSample>)> = Vec::new();
    for sample in &results.samples {
        let key = (sample.operation.as_str(), sample.connections);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, samples)) => samples.push(sample),
            None => groups.push((key, vec![sample])),
        }
    }
    groups.sort_by_key(|((operation, connections), _)| (*operation != "get", *connections));
    groups
}

fn rates(samples: &[&ServeSample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.requests_ms.len() as f64 / sample.seconds).collect()
}

fn table(results: &ServeResults, random: &mut Random) -> String {
    let mut rows = Vec::new();
    for ((operation, connections), samples) in groups(results) {
        let times: Vec<f64> = samples.iter().flat_map(|sample| sample.requests_ms.iter().copied()).collect();
        let cpu: Vec<f64> =
            samples.iter().map(|sample| sample.cpu_seconds * 1e6 / sample.requests_ms.len() as f64).collect();
        rows.push(vec![
            format!("{operation}, {connections} connections"),
            interval(median_estimate(&rates(&samples), random)),
            number(median(&times)),
            number(quantile(&times, 0.99)),
            number(median(&cpu)),
            samples.iter().map(|sample| sample.errors).sum::<u32>().to_string(),
        ]);
    }
    markdown(&["", "requests a second (95 %)", "p50 ms", "p99 ms", "CPU µs of the server", "errors"], &rows)
}

/// The most memory in each tenth of the requests.
fn memory(results: &ServeResults) -> String {
    let all = results.memory.last().map_or(1, |sample| sample.requests.max(1));
    let most = |tenth: u32| {
        let within = |sample: &&MemorySample| {
            let done = f64::from(sample.requests) * 10.0 / f64::from(all);
            done > f64::from(tenth) && done <= f64::from(tenth + 1)
        };
        results.memory.iter().filter(within).map(|sample| sample.rss_kib).max().unwrap_or_default()
    };
    let head: Vec<String> = (1..=10).map(|tenth| format!("{} %", tenth * 10)).collect();
    let mut columns = vec!["requests"];
    columns.extend(head.iter().map(String::as_str));
    let mut row = vec!["MB".to_owned()];
    row.extend((0..10).map(|tenth| number(most(tenth) as f64 / 1024.0)));
    markdown(&columns, &[row])
}

fn requests(results: &ServeResults) -> usize {
    results.samples.iter().map(|sample| sample.requests_ms.len()).sum()
}

/// Both tables, for a terminal.
pub fn text(results: &ServeResults, random: &mut Random) -> String {
    format!(
        "{}\nmost resident memory in each tenth of {} requests\n\n{}\n\
         seed {}; all samples are in target/bench/serve.json\n",
        table(results, random),
        requests(results),
        memory(results),
        results.about.seed
    )
}

/// Values that the page may name.
pub(super) fn values(results: &ServeResults, random: &mut Random) -> Values {
    Values::from([
        ("serve.table".to_owned(), table(results, random)),
        ("serve.memory".to_owned(), memory(results)),
        ("serve.requests".to_owned(), requests(results).to_string()),
    ])
}

/// The charts, by name.
pub(super) fn charts(results: &ServeResults, random: &mut Random) -> Vec<(String, String)> {
    let mut bars = Vec::new();
    for ((operation, connections), samples) in groups(results) {
        let rate = median_estimate(&rates(&samples), random);
        let name = format!("{operation}, {connections}");
        bars.push(Bar { name, pieces: vec![rate.value], interval: (rate.low, rate.high) });
    }
    let title = "coffer serve: requests a second, by number of connections";
    vec![("serve".to_owned(), chart::bars(title, "/s", &[], &bars))]
}
