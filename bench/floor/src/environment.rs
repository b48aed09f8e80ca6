//! Environment variables.

/// A variable that Lambda, or the benchmark in its place, sets.
pub(crate) fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is missing"))
}
