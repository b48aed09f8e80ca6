//! `bench load`: `coffer load` beside the plainest loop over `_bulk`, into empty indices of the same cluster; and into
//! the embedded store. Each round gives each of them its turn.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use devstack::examples;
use devstack::random::Random;
use devstack::stack::Stack;
use devstack::tools::Need;
use serde::Deserialize;
use serde_json::json;

use crate::environment::About;
use crate::memory::peak_kib;
use crate::options::{Program, Seed};
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::load::{LoadResults, LoadSample, Loader};

/// Most bytes in a batch of `coffer load`; the plain loop's hold as much.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const BATCH_DOCUMENTS: usize = 2000;
/// The text that each document is filled up with, in characters.
const FILLING: usize = 400;
/// Interval between two looks at the program's memory. The kernel tells the maximum so far, so that only the peak of
/// its last moments can be missed.
const LOOK: Duration = Duration::from_millis(20);

/// The arguments of `bench load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    #[command(flatten)]
    program: Program,
    /// Number of documents, of a kilobyte each
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1000..))]
    documents: u32,
    /// Turns of each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    #[command(flatten)]
    seed: Seed,
}

/// Runs it.
pub fn run(args: &LoadArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let coffer = args.program.path()?;
    Need::Services.provide()?;
    eprintln!("starting the services …");
    let stack = Stack::start();
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("documents.jsonl");
    let bytes = write_documents(&file, args.documents, &mut Random::with_seed(seed))?;
    let site = TestBed { stack, coffer, file, folder: folder.path(), documents: args.documents };

    let mut samples = Vec::new();
    let mut progress = RunProgress::of(1 + 3 * args.rounds as usize);
    // OpenSearch compiles while it runs: its first load is slow for every loader.
    progress.step("uncounted");
    site.plain_loop(&format!("bench-{}-uncounted-", std::process::id()))?;
    progress.done();
    for round in 0..args.rounds {
        for loader in [Loader::Coffer, Loader::Loop, Loader::Embedded] {
            progress.step(format!("{loader:?}"));
            let prefix = format!("bench-{}-{round}-{loader:?}-", std::process::id()).to_lowercase();
            let (seconds, peak_rss_kib) = match loader {
                Loader::Coffer => site.coffer(&prefix),
                Loader::Loop => site.plain_loop(&prefix),
                Loader::Embedded => site.embedded(&prefix),
            }?;
            samples.push(LoadSample { loader, round, seconds, peak_rss_kib });
            progress.done();
        }
    }
    let results = LoadResults { about: About::here(seed), documents: args.documents, bytes, samples };
    output::write("load", &results)?;
    print!("{}", report::load::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

/// Writes roles with ids and texts of their own, a line each; how many bytes that is.
fn write_documents(file: &Path, count: u32, random: &mut Random) -> Result<u64, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut output = BufWriter::new(File::create(file).map_err(failed)?);
    for number in 0..count {
        let role = examples::Change::of(&format!("{number:032x}")).document;
        let text: String = (0..FILLING).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
        let open = role.strip_suffix('}').unwrap_or_default();
        writeln!(output, "{open},\"notes\":\"{text}\"}}").map_err(failed)?;
    }
    output.flush().map_err(failed)?;
    Ok(file.metadata().map_err(failed)?.len())
}

/// Dependencies of the loaders.
struct TestBed<'a> {
    stack: Stack,
    coffer: PathBuf,
    file: PathBuf,
    folder: &'a Path,
    documents: u32,
}

impl TestBed<'_> {
    /// `coffer load --opensearch`, into an index behind this prefix.
    fn coffer(&self, prefix: &str) -> Result<(f64, Option<u64>), String> {
        let mut command = Command::new(&self.coffer);
        command
            .args(["load", "--opensearch", "roles"])
            .env("COFFER_OPENSEARCH_URL", &self.stack.opensearch)
            .env("COFFER_OPENSEARCH_AUTH", "none")
            .env("COFFER_OPENSEARCH_ALIAS_PREFIX", prefix);
        self.with_indices(prefix, || self.watched(command))
    }

    /// `coffer load` into a data folder of this name.
    fn embedded(&self, name: &str) -> Result<(f64, Option<u64>), String> {
        let data = self.folder.join(name);
        let mut command = Command::new(&self.coffer);
        command.args(["load", "roles", "--data"]).arg(&data);
        let result = self.watched(command);
        std::fs::remove_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        result
    }

    /// Runs the program on the file.
    fn watched(&self, mut command: Command) -> Result<(f64, Option<u64>), String> {
        command.arg(&self.file).current_dir(self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        let log = self.folder.join("coffer.log");
        command.stderr(File::create(&log).map_err(|error| error.to_string())?);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", self.coffer.display()))?;
        let mut peak = None;
        let status = loop {
            peak = peak_kib(child.id()).ok().or(peak);
            match child.try_wait() {
                Ok(None) => thread::sleep(LOOK),
                Ok(Some(status)) => break status,
                Err(error) => return Err(error.to_string()),
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        if status.success() {
            return Ok((seconds, peak));
        }
        Err(format!("coffer load: {status}: {}", std::fs::read_to_string(&log).unwrap_or_default()))
    }

    /// Loop that a user would write to bring documents into OpenSearch once.
    fn plain_loop(&self, prefix: &str) -> Result<(f64, Option<u64>), String> {
        #[derive(Deserialize)]
        struct Head<'a> {
            id: &'a str,
        }
        let send = |batch: &mut String| {
            let path = format!("{prefix}roles/_bulk");
            let sent = self.stack.opensearch("POST", &path, std::mem::take(batch));
            let (status, answer) = self.stack.runtime().block_on(sent);
            let answer: serde_json::Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
            if status == 200 && answer["errors"] == false { Ok(()) } else { Err(format!("_bulk: {status}: {answer}")) }
        };
        self.with_indices(prefix, || {
            let started = Instant::now();
            let lines = BufReader::new(File::open(&self.file).map_err(|error| error.to_string())?).lines();
            let (mut batch, mut count) = (String::new(), 0);
            for line in lines {
                let line = line.map_err(|error| error.to_string())?;
                let head: Head<'_> = serde_json::from_str(&line).map_err(|error| error.to_string())?;
                if count == BATCH_DOCUMENTS || batch.len() + line.len() > BATCH_BYTES {
                    send(&mut batch)?;
                    count = 0;
                }
                batch.push_str(&json!({ "index": { "_id": head.id } }).to_string());
                batch.push('\n');
                batch.push_str(&line);
                batch.push('\n');
                count += 1;
            }
            send(&mut batch)?;
            Ok((started.elapsed().as_secs_f64(), None))
        })
    }

    /// Makes indices behind a prefix, sees to it that all documents are there afterwards, and takes them away.
    fn with_indices<T>(&self, prefix: &str, load: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let ask = |method: &str, path: &str| {
            let (_, answer) = self.stack.runtime().block_on(self.stack.opensearch(method, path, String::new()));
            answer
        };
        self.stack.runtime().block_on(self.stack.make_indices(prefix));
        let result = load()?;
        ask("POST", &format!("{prefix}roles/_refresh"));
        let answer = ask("GET", &format!("{prefix}roles/_count"));
        let counted: serde_json::Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        if counted["count"] != self.documents {
            return Err(format!("{} documents were loaded, and then: {answer}", self.documents));
        }
        ask("DELETE", &format!("{prefix}*"));
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_ids_of_their_own_and_a_kilobyte() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("documents.jsonl");
        let bytes = write_documents(&file, 20, &mut Random::with_seed(7)).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let id =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        let ids: std::collections::BTreeSet<String> = text.lines().map(id).collect();
        assert_eq!(ids.len(), 20);
        assert!((900..1300).contains(&(bytes / 20)), "{bytes}");
    }
}
