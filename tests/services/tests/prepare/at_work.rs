//! A migration while the index is read and written.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use devstack::random::Random;
use devstack::tools::Need;
use shared::names::{DocumentId, IndexName};
use shared::search::{DocumentBytes, Outcome, ReadDocument, WriteDocuments};

use super::{Indices, change};
use crate::{Test, World};

pub const TESTS: &[Test] = &[(
    "a_changed_mapping_costs_no_reader_and_no_writer_anything",
    &[Need::Services],
    a_changed_mapping_costs_no_reader_and_no_writer_anything,
)];

const INDEX: IndexName = IndexName::Identities;
const DOCUMENTS: usize = 4_000;

/// Writes of a document: its states, the first of version 1, and up to which of them it is certain that they have been
/// stored.
#[derive(Debug, Default, Clone)]
struct History {
    states: Vec<Option<String>>,
    certain: usize,
}

/// The documents with their histories.
struct Documents(Vec<Mutex<History>>);

impl Documents {
    /// Writes the next states of these documents, until they are stored; how often that failed at first.
    fn write(&self, indices: &Indices<'_>, random: &mut Random, numbers: &[usize]) -> usize {
        let mut changes = Vec::new();
        for number in numbers {
            let mut history = self.0[*number].lock().unwrap();
            let version = history.states.len() + 1;
            let state = (version == 1 || !random.percent(25))
                .then(|| format!(r#"{{ "id":"{number}" ,"v":{version}, "pad":"{}"}}"#, "x".repeat(random.below(400))));
            changes.push(change(&number.to_string(), version as u64, state.as_deref()));
            history.states.push(state);
        }
        let mut failures = 0;
        loop {
            let applied = indices.stack.runtime().block_on(indices.writer.apply(INDEX, &changes));
            let outcomes = applied.unwrap_or_else(|fault| panic!("{fault}"));
            if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied | Outcome::Unchanged)) {
                break;
            }
            let wrong = outcomes.iter().find(|outcome| matches!(outcome, Outcome::Stale(_) | Outcome::Refused(_)));
            assert!(wrong.is_none(), "{wrong:?}");
            failures += 1;
        }
        for number in numbers {
            let mut history = self.0[*number].lock().unwrap();
            history.certain = history.states.len();
        }
        failures
    }

    /// Reads a document, which has to be in a state that is certain, or newer.
    fn read(&self, indices: &Indices<'_>, number: usize) {
        let before = self.0[number].lock().unwrap().certain;
        let id = DocumentId::parse(number.to_string()).unwrap();
        let read = indices.stack.runtime().block_on(indices.reader.read(INDEX, &id));
        let read = read.unwrap_or_else(|fault| panic!("a read failed: {fault}")).map(DocumentBytes::into_text);
        let history = self.0[number].lock().unwrap().clone();
        assert!(
            history.states[before - 1..].contains(&read),
            "{number}: {read:?} is none of {history:?} from {before}"
        );
    }
}

fn a_changed_mapping_costs_no_reader_and_no_writer_anything(world: &World) {
    let indices = Indices::new(world.stack(), "at-work-");
    indices.prepare(&[]);
    indices.make_old(INDEX);
    let random = Random::for_test("a_changed_mapping_costs_no_reader_and_no_writer_anything");
    let documents = Documents((0..DOCUMENTS).map(|_| Mutex::default()).collect());
    let numbers: Vec<_> = (0..DOCUMENTS).collect();
    for batch in numbers.chunks(500) {
        documents.write(&indices, &mut random.part(0), batch);
    }

    let is_over = AtomicBool::new(false);
    let (reads, writes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let said = thread::scope(|scope| {
        scope.spawn(|| {
            let _end = EndOf(&is_over);
            let mut random = random.part(1);
            while !is_over.load(Ordering::Relaxed) {
                // Each document once in a batch: its order in a batch is its order in time.
                let start = random.below(DOCUMENTS - 20);
                documents.write(&indices, &mut random, &numbers[start..start + 20]);
                writes.fetch_add(20, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            let _end = EndOf(&is_over);
            let mut random = random.part(2);
            while !is_over.load(Ordering::Relaxed) {
                documents.read(&indices, random.below(DOCUMENTS));
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        // If one of the three fails, the others end.
        let end = EndOf(&is_over);
        let said = indices.prepare(&[]);
        let after = (reads.load(Ordering::Relaxed) + 100, writes.load(Ordering::Relaxed) + 200);
        let is_enough = || reads.load(Ordering::Relaxed) >= after.0 && writes.load(Ordering::Relaxed) >= after.1;
        while !is_enough() && !is_over.load(Ordering::Relaxed) {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        drop(end);
        said
    });
    assert!(said.contains("identities: 4,000 documents copied, at-work-identities-00000000 →"), "{said}");
    eprintln!("{} reads and {} writes meanwhile", reads.into_inner(), writes.into_inner());
    assert_ne!(indices.behind(INDEX), [indices.old_name(INDEX)]);
    for (number, history) in documents.0.iter().enumerate() {
        let history = history.lock().unwrap().clone();
        let last = history.states.last().unwrap();
        assert_eq!(indices.read(INDEX, &number.to_string()), *last, "{number}");
        if history.states.len() > 1 && last.is_none() {
            let late = indices.write(INDEX, &number.to_string(), history.states.len() as u64 - 1, Some("{}"));
            assert!(matches!(late, Outcome::Stale(_)), "{number}: {late:?}");
        }
    }
}

/// Sets a flag when it goes.
struct EndOf<'a>(&'a AtomicBool);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
