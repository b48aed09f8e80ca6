//! Many changes, drawn at random and delivered by several functions at once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use devstack::proxy::Fault;
use devstack::queue::Message;
use devstack::random::Random;
use devstack::watched::Watched;
use shared::names::IndexName;

use super::{Indices, answer, delete, upsert};
use crate::World;

/// Functions that deliver at once.
const WORKERS: usize = 4;
/// The largest batch.
const LARGEST: usize = 100;

/// A document's index and id.
type Place = (IndexName, String);

/// Messages in a random order, and the state in which each document has to end: its text, or `None` for one that is
/// gone.
struct Changes {
    messages: Vec<Message>,
    newest: HashMap<Place, Option<String>>,
}

impl Changes {
    /// So many changes of so many documents, a third of them sent twice.
    fn draw(random: &mut Random, changes: usize, documents: usize) -> Self {
        let mut versions = vec![0; documents];
        let (mut messages, mut newest) = (Vec::new(), HashMap::new());
        for change in 0..changes {
            // Each document has one at least.
            let of = if change < documents { change } else { random.below(documents) };
            let (index, id) = (IndexName::ALL[of % IndexName::ALL.len()], id(of));
            versions[of] += 1 + random.number() % 1_000_000;
            let version = versions[of];
            let (message, state) = if random.percent(25) {
                (delete(index, &id, version), None)
            } else {
                let text = document(random, &id, version);
                (upsert(index, &id, version, &text), Some(text))
            };
            if random.percent(33) {
                messages.push(Message::new(message.body.clone()));
            }
            messages.push(message);
            newest.insert((index, id), state);
        }
        for place in (1..messages.len()).rev() {
            messages.swap(place, random.below(place + 1));
        }
        Self { messages, newest }
    }
}

/// The id of a document, some of them with characters that mean something in a path or in JSON.
fn id(of: usize) -> String {
    ["", "a/", "ü%2F", "\"\\ ", "_"][of % 5].to_owned() + &of.to_string()
}

/// A document that no two writers of JSON would write alike.
fn document(random: &mut Random, id: &str, version: u64) -> String {
    let text: String = (0..random.below(60)).map(|_| random.character()).collect();
    let space = random.one_of(&["", " ", "  ", "\t"]);
    let (id, text) = (serde_json::json!(id), serde_json::json!(text));
    format!("{{{space}\"v\":{version},\"n\" : 1.50e3,{space}\"text\":{text}, \"id\":{id}{space}}}")
}

/// Delivers all messages until none is left, with as many workers as there are functions; before each batch a worker
/// may do something to its function.
fn deliver(
    sync: &[Watched<'_>],
    random: &Random,
    messages: Vec<Message>,
    before: impl Fn(&Watched<'_>, &mut Random) + Sync,
) {
    let queue = Mutex::new(messages);
    let worker = |number: usize, watched: &Watched<'_>| {
        let mut random = random.part(number);
        loop {
            let batch = {
                let mut queue = queue.lock().unwrap();
                let count = (1 + random.below(LARGEST)).min(queue.len());
                let left = queue.len() - count;
                queue.split_off(left)
            };
            if batch.is_empty() {
                return;
            }
            before(watched, &mut random);
            let failed = watched.function.deliver(&batch);
            let mut queue = queue.lock().unwrap();
            for message in batch.into_iter().filter(|message| failed.contains(&message.id)) {
                let place = random.below(queue.len() + 1);
                queue.insert(place, message);
            }
            for proxy in watched.proxies() {
                proxy.take_calls();
            }
        }
    };
    // A worker that ends leaves nothing behind, but another may give back failed messages.
    for round in 0.. {
        assert!(round < 100, "{} messages are never applied", queue.lock().unwrap().len());
        thread::scope(|scope| {
            for (number, watched) in sync.iter().enumerate() {
                let worker = &worker;
                scope.spawn(move || worker(round * WORKERS + number, watched));
            }
        });
        if queue.lock().unwrap().is_empty() {
            return;
        }
    }
}

#[track_caller]
fn expect_newest(indices: &Indices<'_>, newest: &HashMap<Place, Option<String>>) {
    assert!(newest.values().any(Option::is_none) && newest.values().any(Option::is_some));
    for ((index, id), state) in newest {
        assert_eq!(indices.read(*index, id), *state, "{index} {id}");
    }
}

pub fn twenty_thousand_changes_end_in_the_newest_state_of_each_document(world: &World) {
    let mut random = Random::for_test("twenty_thousand_changes_end_in_the_newest_state_of_each_document");
    let indices = Indices::make(world.stack(), "storm");
    let sync: Vec<_> = (0..WORKERS).map(|_| indices.watched()).collect();
    let Changes { messages, newest } = Changes::draw(&mut random, 20_000, 2_000);
    deliver(&sync, &random, messages, |_, _| {});
    expect_newest(&indices, &newest);
}

pub fn changes_end_in_the_newest_state_whatever_fails_on_the_way(world: &World) {
    let mut random = Random::for_test("changes_end_in_the_newest_state_whatever_fails_on_the_way");
    let indices = Indices::make(world.stack(), "faults");
    let sync: Vec<_> = (0..WORKERS).map(|_| indices.watched()).collect();
    let Changes { messages, newest } = Changes::draw(&mut random, 4_000, 400);
    let faults = [answer(429, "{}"), answer(503, "{}"), Fault::Reset, Fault::DropAnswer, Fault::CutAnswer];
    deliver(&sync, &random, messages, |watched, random| {
        watched.opensearch.heal();
        if random.percent(60) {
            let fault = faults[random.below(faults.len())].clone();
            watched.opensearch.fail_times(fault, 1 + random.below(4));
        }
    });
    expect_newest(&indices, &newest);
}
