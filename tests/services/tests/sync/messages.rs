//! Defects of single messages, and their log lines.

use devstack::queue::{self, Message};
use devstack::sandbox::Function;
use serde_json::{Value, json};
use shared::names::IndexName;

use super::{Indices, delete, document, upsert};
use crate::World;

/// A word that documents hold, and no log may.
const CANARY: &str = "canary-of-a-document-55d1";

/// Messages that can never be applied: the defect, the message, and the line of the log.
fn poisoned() -> Vec<(&'static str, Message, &'static str)> {
    let index = IndexName::Roles;
    let right = document("poison", CANARY);
    let with = |name: &str, value: Option<Value>| {
        let mut body: Value = serde_json::from_str(&upsert(index, "poison", 1, &right).body).unwrap();
        match value {
            Some(value) => body[name] = value,
            None => drop(body.as_object_mut().unwrap().remove(name)),
        }
        Message::new(body.to_string())
    };
    // OpenSearch reads no deeper than so.
    let deep = format!(r#"{{"id":"poison","text":"{CANARY}","a":{}{}}}"#, "[".repeat(1100), "]".repeat(1100));
    let strict = format!(r#"{{"id":"poison","{STRICT}":"{CANARY}"}}"#);
    let twice = format!(r#"{{"id":"poison","{CANARY}":1,"{CANARY}":2}}"#);
    vec![
        ("no JSON", Message::new(format!("<{CANARY}/>")), "the body must be a JSON object"),
        ("a text", Message::new(json!(CANARY).to_string()), "the body must be a JSON object"),
        ("nothing", Message::new(""), "the body must be a JSON object"),
        ("an unknown index", with("index", Some(json!("Role"))), "index is unknown: it must be one of accessprofiles"),
        ("no index", with("index", None), "index is missing"),
        ("no version", with("version", None), "version is missing: it must be an integer"),
        ("a version as text", with("version", Some(json!("1"))), "version is a string: it must be an integer"),
        ("a version with a fraction", with("version", Some(json!(1.5))), "version is another number"),
        ("an unknown operation", with("operation", Some(json!("patch"))), "operation is unknown: it must be upsert"),
        ("no id", with("id", None), "id is missing"),
        ("another id", with("id", Some(json!("other"))), "document has another id than the message"),
        ("no document", with("document", None), "document is missing"),
        ("a document that is none", with("document", Some(json!(CANARY))), "document is a string"),
        ("a member twice", upsert(index, "poison", 1, &twice), "document can't be accepted: not a JSON object"),
        (
            "a document that is too deep",
            upsert(index, "poison", 1, &deep),
            "arrays and objects are more than 1000 deep",
        ),
        ("a document that OpenSearch refuses", upsert(index, "poison", 1, &strict), "mapper_parsing_exception"),
        (
            "a delete with a document",
            with("operation", Some(json!("delete"))),
            "document is there: with the operation delete",
        ),
    ]
}

/// A member that an index takes as a number alone: Coffer's mapping never refuses a document for its value.
const STRICT: &str = "strict";

fn make_strict(indices: &Indices<'_>, index: IndexName) {
    let mapping = json!({ "properties": { STRICT: { "type": "long", "ignore_malformed": false } } }).to_string();
    let path = format!("{}{index}/_mapping", indices.prefix);
    let (status, text) = indices.stack.runtime().block_on(indices.stack.opensearch("PUT", &path, mapping));
    assert_eq!(status, 200, "{text}");
}

/// The lines of a log about a message.
fn lines_about(log: &str, message: &Message) -> Vec<Value> {
    let lines = log.lines().filter(|line| line.starts_with('{') && line.contains(&message.id));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn one_poisoned_message_of_each_kind_is_reported_alone(world: &World) {
    let indices = Indices::make(world.stack(), "poison");
    make_strict(&indices, IndexName::Roles);
    let sync = indices.function();
    for (number, (kind, poison, reason)) in poisoned().into_iter().enumerate() {
        let good = |of: usize| (IndexName::ALL[of % 6], format!("{number}-{of}"));
        let text = |of: usize| document(&good(of).1, kind);
        let mut batch: Vec<_> = (0..9).map(|of| upsert(good(of).0, &good(of).1, 1, &text(of))).collect();
        batch.insert(number % 10, poison.clone());
        let failed = sync.deliver(&batch);
        assert_eq!(failed, [poison.id.clone()].into(), "{kind}: {}", sync.log());
        for of in 0..9 {
            let (index, id) = good(of);
            assert_eq!(indices.read(index, &id), Some(text(of)), "{kind}");
        }
        let log = sync.log();
        let lines = lines_about(&log, &poison);
        let [line] = &lines[..] else { panic!("{kind}: not one line: {log}") };
        assert_eq!((&line["level"], &line["message"]), (&json!("ERROR"), &json!("message refused")), "{kind}");
        assert!(line["reason"].as_str().unwrap().contains(reason), "{kind}: {line}");
    }
    assert_eq!(indices.read(IndexName::Roles, "poison"), None);
    assert!(!sync.log().contains(CANARY), "{}", sync.log());
}

pub fn a_state_that_is_refused_holds_up_no_older_one(world: &World) {
    let indices = Indices::make(world.stack(), "refused");
    let sync = indices.function();
    let index = IndexName::Events;
    make_strict(&indices, index);
    let refused = format!(r#"{{"id":"a","{STRICT}":"x"}}"#);
    let (older, oldest) = (document("a", "older"), document("a", "oldest"));
    let batch = [
        upsert(index, "a", 1, &oldest),
        upsert(index, "a", 4, &refused),
        upsert(index, "a", 2, &older),
        upsert(index, "a", 3, &refused),
    ];
    assert_eq!(sync.deliver(&batch), [batch[1].id.clone(), batch[3].id.clone()].into(), "{}", sync.log());
    assert_eq!(indices.read(index, "a"), Some(older));
}

pub fn a_record_without_an_id_fails_its_whole_batch(world: &World) {
    let indices = Indices::make(world.stack(), "nameless");
    let sync = indices.function();
    let message = upsert(IndexName::Roles, "a", 1, &document("a", "x"));
    let mut record = queue::record(&message);
    record.as_object_mut().unwrap().remove("messageId");
    let event = json!({ "Records": [queue::record(&delete(IndexName::Roles, "b", 1)), record] });
    let answer = sync.hand(&event.to_string());
    assert_eq!(queue::failures(&answer), None);
    assert!(answer.contains("a record has no messageId"), "{answer}");
    assert_eq!(indices.read(IndexName::Roles, "a"), None);
}

pub fn a_batch_leaves_one_line_with_its_counts(world: &World) {
    let indices = Indices::make(world.stack(), "counts");
    let sync = indices.function();
    let index = IndexName::Identities;
    let put = |id: &str, version| upsert(index, id, version, &document(id, "x"));
    sync.deliver(&[put("unchanged", 5), put("older", 5)]);
    let batch = [
        put("new", 2),
        put("new", 1),
        put("new", 2),
        delete(index, "gone", 1),
        put("unchanged", 5),
        put("older", 4),
        put("older", 3),
        Message::new("{}"),
    ];
    assert_eq!(sync.deliver(&batch), [batch[7].id.clone()].into());
    let log = sync.log();
    let lines = log.lines().filter(|line| line.contains("batch done"));
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let [_, line] = &lines[..] else { panic!("two batches, and not two lines: {log}") };
    assert_eq!((&line["level"], &line["operation"]), (&json!("INFO"), &json!("sync-documents")), "{line}");
    let counts = ["messages", "applied", "superseded", "unchanged", "older", "refused", "failed"];
    assert_eq!(counts.map(|name| line[name].as_u64()), [8, 2, 3, 1, 1, 1, 0].map(Some), "{line}");
}

pub fn a_change_that_is_dropped_for_a_version_of_another_kind_is_warned_of(world: &World) {
    let indices = Indices::make(world.stack(), "kinds");
    let sync = indices.function();
    let index = IndexName::Roles;
    let put = |id: &str, version| upsert(index, id, version, &document(id, "x"));
    sync.deliver(&[put("timed", 1_700_000_000_000), put("counted", 5)]);
    // Older than the stored one, older than another of its batch, and older of one kind.
    let batch = [put("timed", 3), put("new", 1_700_000_000_000), put("new", 4), put("counted", 3), put("new", 0)];
    assert_eq!(sync.deliver(&batch), [].into());
    let log = sync.log();
    for (message, newer) in [&batch[0], &batch[2], &batch[4]].map(|message| (message, 1_700_000_000_000_u64)) {
        let lines = lines_about(&log, message);
        let [line] = &lines[..] else { panic!("not one line: {log}") };
        let words = [&line["level"], &line["message"], &line["index"]];
        assert_eq!(words, [&json!("WARN"), &json!("message dropped for a version of another kind"), &json!("roles")]);
        assert_eq!(line["newer_version"], newer, "{line}");
    }
    assert!(lines_about(&log, &batch[1]).is_empty() && lines_about(&log, &batch[3]).is_empty(), "{log}");
}

pub fn without_its_settings_the_function_fails_each_batch(world: &World) {
    let sync = Function::start_with(world.stack(), "sync-documents", &[("COFFER_OPENSEARCH_URL", "")]);
    let event = queue::event(&[delete(IndexName::Roles, "a", 1)]);
    for _ in 0..2 {
        assert_eq!(queue::failures(&sync.hand(&event)), None);
    }
    assert!(sync.log().contains("COFFER_OPENSEARCH_URL is missing"), "{}", sync.log());
}
