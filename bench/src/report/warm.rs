//! Page section of warm requests.

use std::collections::BTreeMap;

use devstack::random::Random;

use crate::contender::COFFER;
use crate::results::warm::{WarmResults, WarmSample};
use crate::statistics::{median, quantile, ratio_estimate};
use crate::table::{markdown, number};

use super::values::Values;

/// The samples of one function at one memory size, by contender.
type Group<'a> = Vec<(&'a str, Vec<&'a WarmSample>)>;

fn groups(results: &WarmResults) -> Vec<((&str, u64), Group<'_>)> {
    let mut groups: Vec<((&str, u64), Group<'_>)> = Vec::new();
    for sample in &results.samples {
        let key = (sample.function.as_str(), sample.memory_mb);
        let place = groups.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        let group = &mut groups[place].1;
        match group.iter_mut().find(|(name, _)| *name == sample.contender) {
            Some((_, samples)) => samples.push(sample),
            None => group.push((&sample.contender, vec![sample])),
        }
    }
    groups
}

fn requests(samples: &[&WarmSample]) -> Vec<f64> {
    samples.iter().flat_map(|sample| sample.requests_ms.iter().copied()).collect()
}

fn table(group: &Group<'_>, random: &mut Random) -> String {
    let coffers = group.iter().find(|(name, _)| *name == COFFER);
    let coffers = coffers.map(|(_, samples)| requests(samples)).unwrap_or_default();
    let mut rows = Vec::new();
    for (name, samples) in group {
        let own = requests(samples);
        let ratio = ratio_estimate(&own, &coffers, random);
        let each = |value: fn(&WarmSample) -> f64| -> Vec<f64> { samples.iter().map(|sample| value(sample)).collect() };
        rows.push(vec![
            (*name).to_owned(),
            number(median(&own)),
            number(quantile(&own, 0.99)),
            number(median(&each(|sample| sample.cpu_ms))),
            number(median(&each(|sample| sample.peak_rss_kib as f64 / 1024.0))),
            if *name == COFFER {
                "1".to_owned()
            } else {
                format!("{} ({}–{})", number(ratio.value), number(ratio.low), number(ratio.high))
            },
        ]);
    }
    markdown(&["", "median ms", "p99 ms", "CPU ms", "peak MB", "median / coffer (95 %)"], &rows)
}

/// All tables, for a terminal.
pub fn text(results: &WarmResults, random: &mut Random) -> String {
    let tables: String = groups(results)
        .iter()
        .map(|((function, memory_mb), group)| {
            let count = group.first().map_or(0, |(_, samples)| requests(samples).len());
            format!("{function} at {memory_mb} MB, {count} warm requests each\n\n{}\n", table(group, random))
        })
        .collect();
    format!("{tables}seed {}; all samples are in target/bench/warm.json\n", results.about.seed)
}

/// Values that the page may name.
pub(super) fn values(results: &WarmResults, random: &mut Random) -> Values {
    let mut values = BTreeMap::new();
    for ((function, memory_mb), group) in groups(results) {
        let key = format!("warm.{function}.{memory_mb}");
        let count = group.first().map_or(0, |(_, samples)| requests(samples).len());
        values.insert(format!("{key}.requests"), count.to_string());
        values.insert(format!("{key}.table"), table(&group, random));
        for (name, samples) in &group {
            values.insert(format!("{key}.{name}.median"), number(median(&requests(samples))));
            values.insert(format!("{key}.{name}.p99"), number(quantile(&requests(samples), 0.99)));
        }
    }
    values
}
