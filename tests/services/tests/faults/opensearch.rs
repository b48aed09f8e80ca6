//! OpenSearch that fails, or gives bytes that are no document.

use serde_json::json;

use devstack::proxy::Fault;
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;

use super::{
    BUSY, Row, WORDS, answer, ask, broken_connections, expect_failure, expect_internal_fault, page, side_by_side,
};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "a_document_that_can_not_be_had_is_an_internal_fault_and_comes_when_it_can",
        &[Need::Services],
        a_document_that_can_not_be_had_is_an_internal_fault_and_comes_when_it_can,
    ),
    (
        "a_throttled_opensearch_tells_clients_when_to_come_again",
        &[Need::Services],
        a_throttled_opensearch_tells_clients_when_to_come_again,
    ),
    ("a_document_that_is_too_large_is_never_cut", &[Need::Services], a_document_that_is_too_large_is_never_cut),
];

const DOCUMENT: &str = r#"{"id":"fault-1", "n" : 1.0}"#;
const PATH: &str = "/search/roles/fault-1";

/// All ways in which OpenSearch fails that are the service's own fault.
fn rows() -> Vec<Row> {
    let json = "application/json";
    let error = format!(r#"{{"error":{{"type":"{WORDS}","reason":"{WORDS}"}},"status":503}}"#);
    let connections = broken_connections("no answer within");
    let answers = [
        Row::new("unavailable", answer(503, json, error.clone()), "503"),
        Row::new("failed", answer(500, json, error.clone()), "500"),
        Row::new("forbidden", answer(403, json, error.clone()), "403"),
        Row::new("unauthorized", page(401), "401"),
        Row::new("no such alias", answer(404, json, error.replace(WORDS, "index_not_found_exception")), "index_not"),
        Row::new("a page of 404", page(404), "404"),
        Row::new("a page of 200", page(200), "no JSON object"),
        Row::new("a list", answer(200, json, "[]"), "no JSON object"),
        Row::new("nothing", answer(200, json, ""), "no JSON object"),
        Row::new("no text", answer(200, json, &b"{\"a\":\"\xff\"}"[..]), "no JSON object"),
        Row::new("half a document", answer(200, json, &DOCUMENT[..DOCUMENT.len() / 2]), "no JSON object"),
        Row::new("a flood", Fault::Flood { bytes: 100_000_000 }, "larger than the response limit"),
    ];
    connections.into_iter().chain(answers).collect()
}

/// A function that has read the document already.
fn warm(stack: &Stack) -> Watched<'_> {
    let watched = Watched::start(stack, "get-document");
    stack.runtime().block_on(stack.put_document("roles", "fault-1", DOCUMENT));
    expect_document(&watched);
    watched
}

#[track_caller]
fn expect_document(watched: &Watched<'_>) {
    assert_eq!(watched.call("reader", "GET", PATH, "").expect_status(200).body, DOCUMENT);
}

fn a_document_that_can_not_be_had_is_an_internal_fault_and_comes_when_it_can(world: &World) {
    let stack = world.stack();
    side_by_side(
        &rows(),
        |row| row.name.to_owned(),
        |row| {
            let watched = warm(stack);
            watched.opensearch.fail(row.fault.clone());
            let asked = ask(&watched, "reader", ("GET", PATH, ""));
            expect_failure(&watched, &asked, 500, &["the search store failed: ", row.cause], BUSY);
            expect_internal_fault(&asked.answer);
            watched.opensearch.heal();
            expect_document(&watched);
        },
    );
}

fn a_throttled_opensearch_tells_clients_when_to_come_again(world: &World) {
    let stack = world.stack();
    // The delay that OpenSearch names, and the clients' answer: they sleep as long as that.
    let rows = [(None, "1"), (Some("7"), "7"), (Some("0"), "1"), (Some("86400"), "60"), (Some("soon"), "1")];
    side_by_side(
        &rows,
        |row| format!("{row:?}"),
        |(said, told)| {
            let watched = warm(stack);
            let headers = said.iter().map(|said| ("retry-after".to_owned(), (*said).to_owned())).collect();
            watched.opensearch.fail(Fault::Answer { status: 429, headers, body: WORDS.into() });
            let asked = ask(&watched, "reader", ("GET", PATH, ""));
            expect_failure(&watched, &asked, 429, &["OpenSearch answered 429"], BUSY);
            asked.answer.expect(429, &json!({ "message": " Rate Limit Exceeded " }));
            assert_eq!(asked.answer.headers["retry-after"], *told);
            watched.opensearch.heal();
            expect_document(&watched);
        },
    );
}

fn a_document_that_is_too_large_is_never_cut(world: &World) {
    let stack = world.stack();
    let watched = warm(stack);
    // Lambda takes an answer of 6 MiB, in which the quotes of the document are escaped. A document above that, alone or
    // only so, is refused; fitting ones come back whole.
    let filled = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let quotes = format!(r#"{{"a":[{}""]}}"#, r#""","#.repeat(1_300_000));
    let whole = filled(5_900_000);
    for (id, document, status) in
        [("fault-7mb", &filled(7_000_000), 500), ("fault-quotes", &quotes, 500), ("fault-whole", &whole, 200)]
    {
        stack.runtime().block_on(stack.put_document("roles", id, document));
        let asked = ask(&watched, "reader", ("GET", &format!("/search/roles/{id}"), ""));
        // Not with the answer in the message, which has megabytes.
        assert_eq!(asked.answer.status, status, "{id}");
        if status == 200 {
            assert!(asked.answer.body == *document, "{id} came back changed");
        } else {
            expect_failure(&watched, &asked, status, &["larg"], BUSY);
            expect_internal_fault(&asked.answer);
        }
    }
    expect_document(&watched);
}
