//! Values that a report hands to the template.

use std::collections::BTreeMap;

use crate::statistics::Estimate;
use crate::table::number;

/// Values that the page may name, by their key: `cold.get-secret.128.table`, say.
pub type Values = BTreeMap<String, String>;

/// A value with its interval.
pub fn interval(estimate: Estimate) -> String {
    format!("{} ({}–{})", number(estimate.value), number(estimate.low), number(estimate.high))
}
