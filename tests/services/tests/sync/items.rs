//! Requests of which some changes fail, or that fail among others.

use std::collections::BTreeSet;

use devstack::proxy::Fault;
use serde_json::json;
use shared::names::IndexName;

use super::{Indices, answer, delete, document, upsert};
use crate::World;

pub fn a_document_that_is_throttled_or_fails_is_reported_alone(world: &World) {
    let indices = Indices::make(world.stack(), "items");
    let sync = indices.watched();
    let index = IndexName::Roles;
    let put = |id: &str, version| upsert(index, id, version, &document(id, "x"));
    // The older messages of a document that failed come again with the newest, and those that were applied don't.
    let batch = [
        put("a", 1),
        put("b", 2),
        put("b", 1),
        put("c", 1),
        delete(index, "d", 2),
        put("d", 1),
        put("e", 2),
        put("e", 1),
    ];
    let error = |status| json!({ "index": { "status": status, "error": { "type": "kind", "reason": "words" } } });
    let fine = json!({ "index": { "status": 201 } });
    // In the order of the ids, which is that of the request.
    let items = [fine.clone(), error(429), fine.clone(), error(503), fine];
    sync.opensearch.fail_times(answer(200, json!({ "errors": true, "items": items }).to_string()), 1);
    let expected = BTreeSet::from([1, 2, 4, 5].map(|of: usize| batch[of].id.clone()));
    assert_eq!(sync.function.deliver(&batch), expected);
    let calls = sync.opensearch.take_calls();
    let [call] = &calls[..] else { panic!("one request should have been sent: {calls:?}") };
    let sent = String::from_utf8(call.body.to_vec()).unwrap();
    let ids: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|id| sent.find(&format!(r#""_id":"{id}""#))).collect();
    assert!(ids.is_sorted() && ids.iter().all(Option::is_some), "{sent}");
    let log = sync.function.log();
    assert!(
        log.contains("OpenSearch answered 429 for a document") && log.contains("503 for a document: kind"),
        "{log}"
    );

    // Failed messages are delivered again, and applied.
    let again: Vec<_> = batch.iter().filter(|message| expected.contains(&message.id)).cloned().collect();
    assert_eq!(sync.function.deliver(&again), [].into());
    assert_eq!(indices.read(index, "b"), Some(document("b", "x")));
    assert_eq!(indices.read(index, "d"), None);
}

pub fn a_request_that_fails_takes_no_other_with_it(world: &World) {
    let indices = Indices::make(world.stack(), "request");
    let sync = indices.watched();
    let faults = [
        Fault::Reset,
        Fault::DropAnswer,
        Fault::CutAnswer,
        answer(429, "{}"),
        answer(503, "{}"),
        answer(200, "{}"),
        answer(200, r#"{"errors":false,"items":[]}"#),
        answer(403, r#"{"Message":"User is not authorized"}"#),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let id = format!("{number}");
        let text = document(&id, "x");
        let batch = IndexName::ALL.map(|index| upsert(index, &id, 1, &text));
        sync.opensearch.take_calls();
        sync.opensearch.fail_times(fault.clone(), 1);
        let failed = sync.function.deliver(&batch);
        let calls = sync.opensearch.take_calls();
        assert_eq!(calls.len(), 6, "{fault:?}: one request an index");
        // The first that arrived.
        let of = IndexName::ALL.iter().position(|index| calls[0].path.contains(&format!("-{index}/_bulk?"))).unwrap();
        assert_eq!(failed, [batch[of].id.clone()].into(), "{fault:?}");
        for (place, index) in IndexName::ALL.into_iter().enumerate().filter(|(place, _)| *place != of) {
            assert_eq!(indices.read(index, &id), Some(text.clone()), "{fault:?}: {place}");
        }
        // An answer that was lost is no harm: the change is there, and is the same.
        assert_eq!(sync.function.deliver(&batch[of..=of]), [].into(), "{fault:?}");
        assert_eq!(indices.read(IndexName::ALL[of], &id), Some(text), "{fault:?}");
    }
}

pub fn a_large_batch_is_sent_in_small_requests(world: &World) {
    let indices = Indices::make(world.stack(), "large");
    let sync = indices.watched();
    let index = IndexName::Identities;
    // As large as a batch can be for Lambda, of messages as large as one can be for the queue.
    let text = "x".repeat(1_000_000);
    let batch: Vec<_> =
        (0..5).map(|of| upsert(index, &format!("{of}"), 1, &document(&format!("{of}"), &text))).collect();
    assert_eq!(sync.function.deliver(&batch), [].into(), "{}", sync.function.log());
    let sizes: Vec<_> = sync.opensearch.take_calls().iter().map(|call| call.body.len()).collect();
    assert_eq!(sizes.len(), 2, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size < 5 << 20), "{sizes:?}");
    for of in 0..5 {
        let id = format!("{of}");
        assert!(indices.read(index, &id) == Some(document(&id, &text)), "{of}");
    }
}

/// A policy sees the path of a bulk request and not its body. The cluster here has the setting of a domain that the
/// template makes, under which both name the same index.
pub fn changes_reach_a_cluster_that_takes_no_index_from_a_body(world: &World) {
    let stack = world.stack();
    let (indices, others) = (Indices::make(stack, "path"), Indices::make(stack, "body"));
    let body = |place: &str| format!("{{\"index\":{{{place}}}}}\n{}\n", document("1", "smuggled"));
    let send = |path: &str, place: &str| {
        stack.runtime().block_on(stack.opensearch("POST", &format!("{}roles/{path}", indices.prefix), body(place)))
    };
    let elsewhere = format!("{}roles", others.prefix);
    for (path, place) in [
        ("_bulk", format!(r#""_index":"{elsewhere}","_id":"1""#)),
        ("_bulk?require_alias=true", format!(r#""_index":"{elsewhere}","_id":"1""#)),
        // The one of the path, too: the cluster compares nothing.
        ("_bulk", format!(r#""_index":"{}roles","_id":"1""#, indices.prefix)),
    ] {
        let (status, text) = send(path, &place);
        assert!(status == 400 && text.contains("explicit index"), "{status}: {text}");
    }
    for place in [&indices, &others] {
        assert_eq!(place.read(IndexName::Roles, "1"), None);
    }
    let function = indices.function();
    let batch = IndexName::ALL.map(|index| upsert(index, "1", 1, &document("1", "x")));
    assert_eq!(function.deliver(&batch), [].into(), "{}", function.log());
    for index in IndexName::ALL {
        assert_eq!(indices.read(index, "1"), Some(document("1", "x")), "{index}");
    }
}

pub fn an_index_that_takes_no_writes_fails_its_messages(world: &World) {
    let stack = world.stack();
    let indices = Indices::make(stack, "closed");
    let ask = |method: &str, path: &str, body: serde_json::Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = stack.runtime().block_on(stack.opensearch(method, path, body));
        assert!(status < 300, "{method} {path}: {status} {text}");
        text
    };
    let aliased = |index: IndexName| format!("{}{index}", indices.prefix);
    // One index is closed, and the alias of another points to two, of which none is the write index.
    let closed = ask("GET", &format!("_cat/aliases/{}?h=index", aliased(IndexName::Roles)), json!(null));
    let closed = closed.trim();
    ask("POST", &format!("{closed}/_close"), json!(null));
    let second = format!("{}-second", aliased(IndexName::Events));
    ask("PUT", &second, json!({ "aliases": { aliased(IndexName::Events): {} } }));

    let function = indices.function();
    let index = [IndexName::Roles, IndexName::Events, IndexName::Identities];
    let batch = index.map(|index| upsert(index, "1", 1, &document("1", "x")));
    let failed = BTreeSet::from([batch[0].id.clone(), batch[1].id.clone()]);
    assert_eq!(function.deliver(&batch), failed, "{}", function.log());
    assert!(!function.log().contains("message refused"), "{}", function.log());

    ask("POST", &format!("{closed}/_open"), json!(null));
    ask("DELETE", &second, json!(null));
    assert_eq!(function.deliver(&batch[..2]), [].into(), "{}", function.log());
    for index in index {
        assert_eq!(indices.read(index, "1"), Some(document("1", "x")), "{index}");
    }
}
