//! Page section of instructions.

use devstack::random::Random;

use crate::results::profile::{Instructions, PhasesResults, UNNAMED};
use crate::table::{markdown, number};

use super::values::Values;

fn table(results: &PhasesResults) -> String {
    let all = results.parts.values().fold(Instructions::default(), |sum, part| Instructions {
        init: sum.init + part.init,
        first: sum.first + part.first,
    });
    let row = |name: &str, part: &Instructions| {
        let sum = part.init + part.first;
        let share = 100.0 * sum as f64 / (all.init + all.first) as f64;
        let millions = |count: u64| number(count as f64 / 1e6);
        vec![name.to_owned(), millions(part.init), millions(part.first), millions(sum), number(share)]
    };
    let mut parts: Vec<_> = results.parts.iter().collect();
    // The largest first, and the unnamed remainder last.
    parts.sort_by_key(|(name, part)| (*name == UNNAMED, std::cmp::Reverse(part.init + part.first)));
    let mut rows: Vec<_> = parts.into_iter().map(|(name, part)| row(name, part)).collect();
    rows.push(row("all", &all));
    markdown(&["", "init, millions", "first request, millions", "both", "%"], &rows)
}

/// The table, for a terminal.
pub fn text(results: &PhasesResults, _: &mut Random) -> String {
    let unnamed: String = results.unnamed.iter().take(5).map(|(name, cost)| format!("{cost:>12} {name}\n")).collect();
    format!("get-secret, instructions\n\n{}\nthe largest of {UNNAMED}\n\n{unnamed}", table(results))
}

/// Values that the page may name.
pub(super) fn values(results: &PhasesResults) -> Values {
    Values::from([("phases.table".to_owned(), table(results))])
}
