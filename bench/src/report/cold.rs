//! Page section of cold starts.

use devstack::random::Random;

use crate::contender::COFFER;
use crate::results::cold::{ColdResults, ColdSample};
use crate::statistics::{Estimate, median, median_estimate, quantile, ratio_estimate};
use crate::table::{markdown, number};

use super::chart::{self, Bar};
use super::values::Values;

/// The samples of one function at one memory size.
#[derive(Debug)]
pub struct Group<'a> {
    /// The function.
    pub function: &'a str,
    /// The memory size.
    pub memory_mb: u64,
    /// The contenders in the order in which they were started, each with its samples in the order of rounds.
    pub contenders: Vec<(&'a str, Vec<&'a ColdSample>)>,
}

/// Row of one contender in a group.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its start and first request together, with the interval of the median.
    pub sum: Estimate,
    /// Its start and first request together as a multiple of Coffer's.
    pub ratio: Estimate,
    samples: &'a [&'a ColdSample],
}

impl Row<'_> {
    /// The median of something.
    pub fn median(&self, value: impl Fn(&ColdSample) -> f64) -> f64 {
        median(&self.values(value))
    }

    fn values(&self, value: impl Fn(&ColdSample) -> f64) -> Vec<f64> {
        self.samples.iter().map(|sample| value(sample)).collect()
    }
}

impl Group<'_> {
    /// Rows of the contenders.
    pub fn rows(&self, random: &mut Random) -> Vec<Row<'_>> {
        let sums = |samples: &[&ColdSample]| samples.iter().map(|sample| sample.sum_ms()).collect::<Vec<_>>();
        let coffers = self.contenders.iter().find(|(name, _)| *name == COFFER);
        let coffers = coffers.map(|(_, samples)| sums(samples)).unwrap_or_default();
        let mut rows = Vec::new();
        for (name, samples) in &self.contenders {
            let own = sums(samples);
            let (sum, ratio) = (median_estimate(&own, random), ratio_estimate(&own, &coffers, random));
            rows.push(Row { name, sum, ratio, samples });
        }
        rows
    }
}

/// The samples by function and memory size, in the order in which they were taken.
pub fn groups(results: &ColdResults) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for sample in &results.samples {
        let fits = |group: &Group<'_>| (group.function, group.memory_mb) == (&sample.function, sample.memory_mb);
        let place = groups.iter().position(fits).unwrap_or_else(|| {
            groups.push(Group { function: &sample.function, memory_mb: sample.memory_mb, contenders: Vec::new() });
            groups.len() - 1
        });
        let contenders = &mut groups[place].contenders;
        match contenders.iter_mut().find(|(name, _)| *name == sample.contender) {
            Some((_, samples)) => samples.push(sample),
            None => contenders.push((&sample.contender, vec![sample])),
        }
    }
    groups
}

/// The table of a group.
pub fn table(group: &Group<'_>, random: &mut Random) -> String {
    let head = ["", "init ms", "first ms", "sum ms", "p99 ms", "CPU ms", "peak MB", "sum / coffer (95 %)"];
    let row = |row: &Row<'_>| {
        let Estimate { value, low, high } = row.ratio;
        vec![
            row.name.to_owned(),
            number(row.median(|sample| sample.init_ms)),
            number(row.median(|sample| sample.first_ms)),
            number(row.sum.value),
            number(quantile(&row.values(ColdSample::sum_ms), 0.99)),
            number(row.median(|sample| sample.cpu_ms)),
            number(row.median(|sample| sample.peak_rss_kib as f64 / 1024.0)),
            if row.name == COFFER {
                "1".to_owned()
            } else {
                format!("{} ({}–{})", number(value), number(low), number(high))
            },
        ]
    };
    markdown(&head, &group.rows(random).iter().map(row).collect::<Vec<_>>())
}

/// All tables, for a terminal.
pub fn text(results: &ColdResults, random: &mut Random) -> String {
    let groups = groups(results);
    let table = |group: &Group<'_>| {
        let rounds = group.contenders.first().map_or(0, |(_, samples)| samples.len());
        format!("{} at {} MB, {rounds} rounds\n\n{}\n", group.function, group.memory_mb, table(group, random))
    };
    let tables: String = groups.iter().map(table).collect();
    format!("{tables}medians; seed {}; all samples are in target/bench/cold.json\n", results.about.seed)
}

/// Values that the page may name.
pub(super) fn values(results: &ColdResults, random: &mut Random) -> Values {
    let mut values = Values::new();
    for group in groups(results) {
        let key = format!("cold.{}.{}", group.function, group.memory_mb);
        let rounds = group.contenders.first().map_or(0, |(_, samples)| samples.len());
        values.insert(format!("{key}.rounds"), rounds.to_string());
        values.insert(format!("{key}.table"), table(&group, random));
        for row in group.rows(random) {
            let mut put = |name: &str, value: f64| {
                values.insert(format!("{key}.{}.{name}", row.name), number(value));
            };
            put("init", row.median(|sample| sample.init_ms));
            put("first", row.median(|sample| sample.first_ms));
            put("sum", row.sum.value);
            put("cpu", row.median(|sample| sample.cpu_ms));
            put("peak", row.median(|sample| sample.peak_rss_kib as f64 / 1024.0));
            put("ratio", row.ratio.value);
        }
    }
    values
}

/// A chart for each group: its name, and its text.
pub(super) fn charts(results: &ColdResults, random: &mut Random) -> Vec<(String, String)> {
    let chart = |group: Group<'_>| {
        let bar = |row: &Row<'_>| {
            let first = row.median(|sample| sample.first_ms);
            // The median of sums is not the sum of medians: the first piece is the remainder.
            let pieces = vec![row.sum.value - first, first];
            Bar { name: row.name.to_owned(), pieces, interval: (row.sum.low, row.sum.high) }
        };
        let title = format!("{} at {} MB: a sandbox's start and first request", group.function, group.memory_mb);
        let bars: Vec<_> = group.rows(random).iter().map(bar).collect();
        let svg = chart::bars(&title, "ms", &["init", "first request"], &bars);
        (format!("cold-{}-{}", group.function, group.memory_mb), svg)
    };
    groups(results).into_iter().map(chart).collect()
}
