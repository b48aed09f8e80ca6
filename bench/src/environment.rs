//! Circumstances of a measurement: the machine, and the versions of the programs on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use devstack::root;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Facts that stand beside every result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    /// The day, in UTC.
    pub date: String,
    /// Processor, cores, memory, kernel, system.
    pub machine: BTreeMap<String, String>,
    /// Programs that ran, and their versions.
    pub versions: BTreeMap<String, String>,
    /// Seed of the random draws.
    pub seed: u64,
}

impl About {
    /// Looks at this machine.
    pub fn here(seed: u64) -> Self {
        let date = OffsetDateTime::now_utc().date();
        Self { date: date.to_string(), machine: machine(), versions: versions(), seed }
    }
}

fn machine() -> BTreeMap<String, String> {
    let processor = field("/proc/cpuinfo", "model name", ':');
    let memory = field("/proc/meminfo", "MemTotal", ':').and_then(|text| {
        let kib: u64 = text.trim_end_matches("kB").trim().parse().ok()?;
        Some(format!("{} MB", kib / 1024))
    });
    let cores = std::thread::available_parallelism().map(|cores| cores.to_string()).ok();
    let system = field("/etc/os-release", "PRETTY_NAME", '=').map(|text| text.trim_matches('"').to_owned());
    let load = fs::read_to_string("/proc/loadavg").ok().and_then(|text| Some(text.split(' ').nth(1)?.to_owned()));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned());
    let all = [
        ("processor", processor),
        ("cores", cores),
        ("memory", memory),
        ("system", system),
        ("kernel", kernel),
        ("architecture", Some(std::env::consts::ARCH.to_owned())),
        // That of the last five minutes, at the end of the measurement: its own, and that of all else.
        ("load", load),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The value of the first line of a file that begins with a word.
fn field(file: &str, word: &str, separator: char) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(word))?;
    Some(line.split_once(separator)?.1.trim().to_owned())
}

fn versions() -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = [
        ("coffer", said("git", &["describe", "--always", "--dirty", "--exclude=*"])),
        ("rustc", said("rustc", &["--version"])),
        ("node", said("node", &["--version"])),
        ("python", said("python3", &["--version"])),
        ("java", said("java", &["--version"])),
    ]
    .into_iter()
    .filter_map(|(name, version)| Some((name.to_owned(), version?)))
    .collect();
    // Pinned versions of the contenders and of the services.
    let contenders = root().join("bench/contenders");
    all.extend(javascript(&contenders.join("node/package.json")));
    all.extend(requirements(&contenders.join("python/requirements.txt")));
    for (name, version) in [("DynamoDB Local", "2.6.1"), ("moto", "5.2.5"), ("OpenSearch", "3.8.0")] {
        all.insert(name.to_owned(), version.to_owned());
    }
    all
}

/// The first line that a command says.
fn said(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).current_dir(root()).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.lines().next()?.trim().to_owned())
}

fn javascript(file: &Path) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Package {
        dependencies: BTreeMap<String, String>,
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    serde_json::from_str(&text).map(|package: Package| package.dependencies).unwrap_or_default()
}

fn requirements(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let pinned = text.lines().filter_map(|line| line.split_once("=="));
    pinned.map(|(name, version)| (name.trim().to_owned(), version.trim().to_owned())).collect()
}
