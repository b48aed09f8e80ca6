//! Arguments that several commands take.

use shared::names::IndexName;

/// The data folder, unless another is named.
pub(super) const DEFAULT_DATA: &str = ".coffer";

/// Reads the name of an index.
pub(super) fn index(text: &str) -> Result<IndexName, String> {
    IndexName::parse(text).ok_or_else(|| format!("the indices are {}", IndexName::list()))
}
