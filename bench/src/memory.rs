//! A process's memory, as the kernel tells it.

use std::fs;

/// Resident memory of a process now, in KiB.
///
/// # Errors
/// If the process is gone.
pub fn resident_kib(process: u32) -> Result<u64, String> {
    field(process, "VmRSS:")
}

/// The most that was resident so far, in KiB.
///
/// # Errors
/// If the process is gone.
pub fn peak_kib(process: u32) -> Result<u64, String> {
    field(process, "VmHWM:")
}

fn field(process: u32, name: &str) -> Result<u64, String> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    number.ok_or_else(|| format!("{file} says no {name}"))
}
