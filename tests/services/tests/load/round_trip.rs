//! Exports load again, from each kind of store into each.

use std::fmt::Write;
use std::process::{Command, Output};

use devstack::process::Process;
use devstack::queue::Message;
use devstack::random::Random;
use devstack::sandbox::Function;
use devstack::stack::{Stack, opensearch_2};
use devstack::tools::Need;
use serde_json::json;
use tempfile::TempDir;

use super::export::generate;
use super::{Running, said, summary};
use crate::program::coffer;
use crate::{Test, World};

pub const TESTS: &[Test] = &[(
    "an_export_of_any_store_loads_into_any_other_and_a_queue_that_counts_goes_on",
    &[Need::Services],
    an_export_of_any_store_loads_into_any_other,
)];

const DOCUMENTS: usize = 5_000;

/// A cluster of OpenSearch.
#[derive(Clone, Copy)]
struct Cluster<'a> {
    stack: &'a Stack,
    url: &'a str,
}

/// A store without documents, for the program.
struct Store<'a> {
    folder: TempDir,
    /// `None` for the embedded one.
    cluster: Option<(Cluster<'a>, String)>,
}

impl<'a> Store<'a> {
    fn new(cluster: Option<Cluster<'a>>) -> Self {
        // Services may outlive the tests.
        let prefix = format!("round-trip-{:08x}-", Random::unseeded().number() >> 32);
        let store =
            Self { folder: tempfile::tempdir().unwrap(), cluster: cluster.map(|cluster| (cluster, prefix.clone())) };
        if cluster.is_some() {
            let output = store.command(&["prepare"]).output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        store
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = coffer();
        command.args(args).current_dir(self.folder.path());
        if let Some((cluster, prefix)) = &self.cluster {
            command
                .env("COFFER_OPENSEARCH_URL", cluster.url)
                .env("COFFER_OPENSEARCH_AUTH", "none")
                .env("COFFER_OPENSEARCH_ALIAS_PREFIX", prefix);
        }
        command
    }

    fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        if self.cluster.is_some() {
            command.arg("--opensearch");
        }
        Running::start(command, input).end()
    }

    fn load(&self, input: &str) -> String {
        let output = self.run(&["load", "roles", "-"], input);
        assert!(output.status.success(), "{}", said(&output));
        summary(&output)
    }

    fn exported(&self) -> String {
        let output = self.run(&["export", "roles"], "");
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Gives a document its next state by the queue; for the embedded store, which has none, by a load.
    fn change(&self, id: &str, version: u64, document: &str) {
        let Some((cluster, prefix)) = &self.cluster else {
            let line = format!("# version {version}\n{document}\n");
            assert_eq!(self.load(&line), "1 loaded, 0 unchanged, 0 older, 0 refused");
            return;
        };
        let settings = [("COFFER_OPENSEARCH_URL", cluster.url), ("COFFER_OPENSEARCH_ALIAS_PREFIX", prefix)];
        let sync = Function::start_with(cluster.stack, "sync-documents", &settings);
        let head = json!({ "index": "roles", "operation": "upsert", "id": id, "version": version }).to_string();
        let message = Message::new(format!("{},\"document\":{document}}}", head.strip_suffix('}').unwrap()));
        assert_eq!(sync.deliver(&[message]), [].into(), "{}", sync.log());
        assert!(sync.log().contains("\"applied\":1"), "{}", sync.log());
    }
}

impl Drop for Store<'_> {
    fn drop(&mut self) {
        let Some((cluster, prefix)) = &self.cluster else { return };
        let remove = async {
            let client = devstack::stack::http_client();
            let indices = client.get(format!("{}/_cat/indices/{prefix}*?h=index", cluster.url)).send().await?;
            for index in indices.text().await?.lines() {
                client.delete(format!("{}/{index}", cluster.url)).send().await?;
            }
            Ok::<(), reqwest::Error>(())
        };
        let _ = cluster.stack.runtime().block_on(remove);
    }
}

/// Documents in the order of their ids, as an export writes them, and the number of each.
fn documents() -> Vec<(String, String, usize)> {
    let random = Random::for_test("an_export_of_any_store_loads_into_any_other_and_a_queue_that_counts_goes_on");
    let mut documents: Vec<_> = (0..DOCUMENTS)
        .map(|number| {
            let (id, document) = generate(&random, number);
            let document = document.replace('\r', " ");
            // Some have a time, which gives the version where no line does.
            let time = format!("2024-04-{:02}T00:00:00.{:03}+0000", 1 + number % 28, number % 1000);
            let (start, members) = document.split_at(document.find('{').unwrap() + 1);
            let member = match number % 4 {
                0 => format!("\"synced\":\"{time}\","),
                1 => format!("\"modified\" : \"{time}\","),
                _ => return (id, document, number),
            };
            match document.contains("\"synced\"") || document.contains("\"modified\"") {
                true => (id, document, number),
                false => (id, format!("{start}{member}{members}"), number),
            }
        })
        .collect();
    documents.sort();
    documents
}

fn an_export_of_any_store_loads_into_any_other(world: &World) {
    let stack = world.stack();
    let folder = tempfile::tempdir().unwrap();
    let (_process, old): (Process, String) = opensearch_2(&folder);
    let documents = documents();
    let mut input = String::new();
    for (_, document, number) in &documents {
        // Counts, one too high for a queue, and none before a time that gives the version.
        match number % 8 {
            0 | 1 => {}
            7 => writeln!(input, "# version 9223372036854775807").unwrap(),
            _ => writeln!(input, "# version {}", 1 + number % 5).unwrap(),
        }
        writeln!(input, "{document}").unwrap();
    }
    let kinds = [None, Some(Cluster { stack, url: &stack.opensearch }), Some(Cluster { stack, url: &old })];
    let loaded = format!("{DOCUMENTS} loaded, 0 unchanged, 0 older, 0 refused");
    // All exports are the same text, so that each is loaded from each.
    let mut export = None;
    for kind in kinds {
        let store = Store::new(kind);
        assert_eq!(store.load(&input), loaded);
        let exported = store.exported();
        assert!(*export.get_or_insert_with(|| exported.clone()) == exported, "equal exports");
    }
    let export = export.unwrap();
    let written = export.lines().filter(|line| !line.starts_with("# version "));
    assert!(written.eq(documents.iter().map(|(_, document, _)| document.as_str())), "byte for byte");
    let (id, document, number) = documents.iter().find(|(_, _, number)| number % 8 == 2).unwrap();
    for kind in kinds {
        let store = Store::new(kind);
        assert_eq!(store.load(&export), loaded);
        assert!(store.exported() == export, "equal exports");
        let again = format!("0 loaded, {DOCUMENTS} unchanged, 0 older, 0 refused");
        assert_eq!(store.load(&export), again);
        let next = 2 + *number as u64 % 5;
        // A message holds a JSON value: blanks around it are no part of it.
        let changed = document.trim().replacen('{', "{\"changed\":true,", 1);
        store.change(id, next, &changed);
        assert!(store.exported().contains(&format!("# version {next}\n{changed}\n")));
    }
}
