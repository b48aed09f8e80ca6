//! Documents come back from get-document byte for byte as they were put into OpenSearch.

#[path = "stored_bytes/generator.rs"]
pub mod generator;

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use devstack::random::Random;
use devstack::sandbox::{Emulated, event};
use devstack::stack::Stack;
use devstack::tools::Need;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use shared::names::IndexName;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("ten_thousand_documents_come_back_byte_for_byte", &[Need::Services], ten_thousand_documents),
    ("a_document_is_passed_on_whole_up_to_the_gateways_limit", &[Need::Services], up_to_the_gateways_limit),
    ("a_document_above_the_gateways_limit_is_refused_and_never_cut", &[Need::Services], above_the_gateways_limit),
];

/// The indices of these tests are behind an alias prefix of their own.
const PREFIX: &str = "bytes-";
/// Limit of a function's answer on Lambda, in bytes of the event that it returns: six megabytes.
const LIMIT: usize = 6 * 1024 * 1024;
/// Bytes of an answer's status and headers, at most.
const FRAME: usize = 1024;

/// A document in its place.
struct Document {
    index: IndexName,
    id: String,
    text: String,
}

impl Document {
    fn path(&self) -> String {
        format!("/search/{}/{}", self.index, utf8_percent_encode(&self.id, NON_ALPHANUMERIC))
    }

    fn put(&self, stack: &Stack) {
        let index = format!("{PREFIX}{}", self.index);
        stack.runtime().block_on(stack.put_document(&index, &self.id, &self.text));
    }
}

/// The length of a text inside a JSON string.
fn escaped_length(text: &str) -> usize {
    serde_json::to_string(text).unwrap().len() - 2
}

/// A function that reads these documents. The largest ones take a while on a machine that is busy.
fn emulated(stack: &Stack) -> Emulated {
    let own = [("COFFER_OPENSEARCH_ALIAS_PREFIX", PREFIX), ("COFFER_OPENSEARCH_TIMEOUT_MS", "20000")];
    let mut settings = stack.settings();
    settings.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let bootstrap = stack.function("get-document").display().to_string();
    Emulated::start(stack.emulator(), stack.folder(), "get-document", &[&bootstrap], &settings)
}

fn ten_thousand_documents(world: &World) {
    const DOCUMENTS: usize = 10_000;
    let stack = world.stack();
    let random = Random::for_test("ten_thousand_documents_come_back_byte_for_byte");
    let documents: Vec<_> = (0..DOCUMENTS).map(|number| generate(&random, number)).collect();
    let places: HashSet<_> = documents.iter().map(|document| (document.index, &document.id)).collect();
    assert_eq!(places.len(), DOCUMENTS, "each document has a place of its own");

    stack.runtime().block_on(stack.make_indices(PREFIX));
    put_all(stack, &documents);
    let next = AtomicUsize::new(0);
    let read = || {
        let function = emulated(stack);
        let mut read = 0;
        while let Some(document) = documents.get(next.fetch_add(1, Ordering::Relaxed)) {
            let event = event(stack, "reader", "GET", &document.path(), "");
            let answer = stack.runtime().block_on(function.invoke(event)).unwrap();
            if let Some(difference) = difference(document, &answer) {
                // The other readers need not go on.
                next.store(documents.len(), Ordering::Relaxed);
                return Err(difference);
            }
            read += 1;
        }
        Ok(read)
    };
    let read: Result<usize, String> = thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(read)).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_eq!(read.unwrap_or_else(|difference| panic!("{difference}")), DOCUMENTS);
}

/// Parts of a function's answer beside the document.
fn difference(document: &Document, answer: &str) -> Option<String> {
    let Document { index, id, text } = document;
    let event: Value = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{index} {id}: {error}: {answer}"));
    let body = event["body"].as_str().unwrap_or_default();
    (event["statusCode"] != 200 || body != text).then(|| format!("{index} {id}:\n{text}\nbecame\n{answer}"))
}

/// The document of this number.
fn generate(random: &Random, number: usize) -> Document {
    let mut random = random.part(number);
    let index = number % IndexName::ALL.len();
    let (high, low) = (random.number(), random.number());
    let id = match random.below(5) {
        0 => format!("{high:016x}{low:016x}"),
        1 => {
            let hex = format!("{high:016x}{low:016x}");
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        }
        2 => (1_000_000 + number).to_string(),
        3 => {
            let odd = random.one_of(&[
                "a/b",
                "a%2Fb",
                "a+b",
                "a b",
                "\u{fc}",
                "\u{20ac}",
                "\u{1f600}",
                "?x#y&=",
                "*",
                "..",
                "\"\\",
            ]);
            format!("{odd}-{number}-{odd}")
        }
        _ => {
            let odd: String = (0..random.below(40)).map(|_| random.character()).collect();
            format!("{number}{odd}")
        }
    };
    Document { index: IndexName::ALL[index], id, text: generator::document(random, number, index) }
}

/// Puts all documents into OpenSearch, and sees that it took them all.
fn put_all(stack: &Stack, documents: &[Document]) {
    // A line of a bulk request can't hold a line feed, and loses a carriage return at its end.
    let (alone, together): (Vec<_>, Vec<_>) =
        documents.iter().partition(|document| document.text.contains('\n') || document.text.ends_with('\r'));
    let mut accepted = alone.len();
    thread::scope(|scope| {
        for half in alone.chunks(alone.len().div_ceil(2).max(1)) {
            scope.spawn(move || half.iter().for_each(|document| document.put(stack)));
        }
        // The cluster takes the index from the path alone.
        for index in IndexName::ALL {
            let of_index: Vec<_> = together.iter().filter(|document| document.index == index).collect();
            let mut lines = String::new();
            for (i, document) in of_index.iter().enumerate() {
                let place = json!({ "index": { "_id": document.id } });
                writeln!(lines, "{place}\n{}", document.text).unwrap();
                if lines.len() > 4_000_000 || i + 1 == of_index.len() {
                    accepted += put_lines(stack, index, std::mem::take(&mut lines));
                }
            }
        }
    });
    assert_eq!(accepted, documents.len(), "OpenSearch takes every document");
    // From here on documents are read from their store, not from the log of recent writes.
    let refresh = format!("{PREFIX}*/_refresh");
    let (status, text) = stack.runtime().block_on(stack.opensearch("POST", &refresh, String::new()));
    assert_eq!(status, 200, "{text}");
}

/// Sends lines of a bulk request; how many documents of it OpenSearch took.
fn put_lines(stack: &Stack, index: IndexName, lines: String) -> usize {
    let path = format!("{PREFIX}{index}/_bulk");
    let (status, text) = stack.runtime().block_on(stack.opensearch("POST", &path, lines));
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let items = answer["items"].as_array().unwrap();
    let refused = items.iter().find(|item| item["index"]["status"].as_u64().is_none_or(|status| status >= 300));
    assert!(refused.is_none(), "{refused:?}");
    items.len()
}

/// Puts a document in an empty place; the document, and the function's answer.
fn read_large(world: &World, id: &str, text: String) -> (Document, String) {
    let stack = world.stack();
    stack.runtime().block_on(stack.make_indices(PREFIX));
    let document = Document { index: IndexName::Identities, id: id.to_owned(), text };
    document.put(stack);
    let function = emulated(stack);
    let event = event(stack, "reader", "GET", &document.path(), "");
    let answer = stack.runtime().block_on(function.invoke(event)).unwrap();
    (document, answer)
}

fn up_to_the_gateways_limit(world: &World) {
    let random = Random::for_test("a_document_is_passed_on_whole_up_to_the_gateways_limit");
    for (id, escaped) in [("five megabytes", 5 * 1024 * 1024), ("just below the limit", LIMIT - FRAME)] {
        let text = generator::document_of(random.part(escaped), escaped);
        assert_eq!(escaped_length(&text), escaped);
        let (document, answer) = read_large(world, id, text);
        assert!(answer.len() <= LIMIT, "{id}: an answer of {} bytes, which Lambda refuses", answer.len());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["statusCode"], 200, "{id}");
        // Not `assert_eq!`, which would print megabytes.
        assert!(answer["body"].as_str() == Some(&document.text), "{id} came back otherwise");
    }
}

fn above_the_gateways_limit(world: &World) {
    let random = Random::for_test("a_document_above_the_gateways_limit_is_refused_and_never_cut");
    let quotes = format!("{{\"k\":[{}0]}}", "\"\",".repeat(1_300_000));
    assert!(quotes.len() < LIMIT && escaped_length(&quotes) > LIMIT);
    let documents = [
        ("just above the limit", generator::document_of(random.part(1), LIMIT + 1)),
        // Fits as it is stored, and doesn't once each quote takes two bytes.
        ("quotes", quotes),
        ("stored above the limit", generator::document_of(random.part(2), LIMIT * 2)),
    ];
    for (id, text) in documents {
        let (_, answer) = read_large(world, id, text);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["statusCode"], 500, "{id}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["detailCode"], "500.0 Internal Fault", "{id}");
    }
}
