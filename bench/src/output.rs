//! Folder of the results, and their content beside the samples.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A folder below `target/bench`, made if it isn't there.
pub fn folder(name: &str) -> Result<PathBuf, String> {
    let folder = devstack::root().join("target/bench").join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Contenders are started elsewhere.
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
}

/// Writes the results of a benchmark to `target/bench/NAME.json`.
pub fn write(name: &str, results: &impl Serialize) -> Result<(), String> {
    let file = folder("")?.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(results).map_err(|error| error.to_string())?;
    fs::write(&file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))
}

/// Reads the results of a benchmark; `None` if it hasn't been run.
///
/// # Errors
/// If they are of another form than this program writes.
pub fn read<T: DeserializeOwned>(name: &str) -> Result<Option<T>, String> {
    let file = folder("")?.join(format!("{name}.json"));
    let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
    let read = serde_json::from_str(&text).map(Some);
    read.map_err(|error| format!("{}: {error}. Run `cargo run --release -p bench -- {name}` again", file.display()))
}
