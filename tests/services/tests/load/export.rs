//! Documents come out as they were loaded.

use std::fmt::Write;

use devstack::random::Random;
use devstack::tools::Need;
use serde_json::json;

use super::faults::{busy, proxy};
use super::{Place, Running, lines, said, summary};
use crate::stored_bytes::generator;
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("five_thousand_documents_are_exported_and_loaded_byte_for_byte", &[Need::Services], five_thousand_documents),
    ("an_export_has_pages_of_any_size", &[Need::Services], an_export_has_pages_of_any_size),
    ("what_was_deleted_is_not_exported", &[Need::Services], what_was_deleted_is_not_exported),
    ("a_document_with_the_reserved_member_is_exported", &[Need::Services], a_document_with_the_reserved_member),
    ("documents_that_an_export_can_not_find_are_counted", &[Need::Services], documents_that_can_not_be_found),
    ("an_index_that_was_not_prepared_is_not_exported", &[Need::Services], an_index_that_was_not_prepared),
    ("an_export_leaves_nothing_open", &[Need::Services], an_export_leaves_nothing_open),
    ("an_export_asks_a_busy_opensearch_again_to_end_it", &[Need::Services], a_busy_opensearch_is_asked_again),
];

fn five_thousand_documents(world: &World) {
    const DOCUMENTS: usize = 5_000;
    let random = Random::for_test("five_thousand_documents_are_exported_and_loaded_byte_for_byte");
    let mut documents: Vec<_> = (0..DOCUMENTS).map(|number| generate(&random, number)).collect();
    let mut input = String::new();
    for (_, document) in &documents {
        writeln!(input, "{document}").unwrap();
    }
    let (from, to) = (Place::new(world.stack()), Place::new(world.stack()));
    let version = ["--version", "1"];
    let loaded = format!("{DOCUMENTS} loaded, 0 unchanged, 0 older, 0 refused");
    assert_eq!(summary(&from.load(&version, &input)), loaded);
    let exported = from.exported();
    documents.sort();
    let mut exported_lines = exported.lines().filter(|line| *line != "# version 1");
    for (id, document) in &documents {
        let line = exported_lines.next().unwrap_or_default();
        assert_eq!(line, document.replace('\r', " "), "{id}");
    }
    assert_eq!(exported_lines.next(), None);
    assert_eq!(summary(&to.load(&version, &exported)), loaded);
    assert!(to.exported() == exported, "byte for byte");
}

/// The document of this number, with its id.
pub(super) fn generate(random: &Random, number: usize) -> (String, String) {
    let mut random = random.part(number);
    let odd: String = (0..random.below(10)).map(|_| random.character()).filter(|c| !c.is_control()).collect();
    // The text before the number may be digits.
    let id = format!("{odd}#{number}");
    let text = loop {
        let text = generator::document(random.clone(), number, 5);
        random.number();
        // Its own id would be there twice, and a line break ends it.
        if !text.contains("\"id\"") && !text.contains('\n') && !text.ends_with('\r') {
            break text;
        }
    };
    let (space, members) = text.split_at(text.find('{').unwrap() + 1);
    let comma = if members.trim_start().starts_with('}') { "" } else { "," };
    (id.clone(), format!("{space}\"id\":{}{comma}{members}", serde_json::to_string(&id).unwrap()))
}

fn an_export_has_pages_of_any_size(world: &World) {
    let place = Place::new(world.stack());
    let mut input = String::new();
    for number in 0..2_500 {
        // Small ones, so that pages grow, then large ones, of which a page of many would be too large.
        let filling = "x".repeat(if number > 2_400 { 1_000_000 } else { 10 });
        writeln!(input, "{{\"id\":\"{number:06}\",\"synced\":\"2020-01-01T00:00:00Z\",\"x\":\"{filling}\"}}").unwrap();
    }
    assert_eq!(summary(&place.load(&[], &input)), "2500 loaded, 0 unchanged, 0 older, 0 refused");
    assert!(place.exported() == input);
}

fn what_was_deleted_is_not_exported(world: &World) {
    let place = Place::new(world.stack());
    assert_eq!(summary(&place.load(&[], &lines(3))), "3 loaded, 0 unchanged, 0 older, 0 refused");
    let mark = shared::search::tombstone::tombstone(1);
    world.stack().runtime().block_on(world.stack().put_document(&place.alias(), "000001", &mark));
    let all = lines(3);
    let left: Vec<_> = all.lines().filter(|line| !line.contains("000001")).collect();
    assert_eq!(place.exported(), left.join("\n") + "\n");
}

fn a_document_with_the_reserved_member(world: &World) {
    let place = Place::new(world.stack());
    let document = "{\"id\":\"a\",\"coffer$deleted\":1}";
    world.stack().runtime().block_on(world.stack().put_document(&place.alias(), "a", document));
    assert_eq!(place.exported(), format!("# version 1\n{document}\n"));
}

fn documents_that_can_not_be_found(world: &World) {
    let place = Place::new(world.stack());
    place.load(&[], &lines(3));
    world.stack().runtime().block_on(world.stack().put_document(&place.alias(), "x", "{\"name\":\"no id\"}"));
    let output = place.export();
    assert_eq!((output.status.code(), output.stdout == lines(3).as_bytes()), (Some(1), true));
    assert!(said(&output).starts_with("coffer: 1 documents are missing"), "{}", said(&output));
}

fn an_index_that_was_not_prepared(world: &World) {
    let place = Place::without_index(world.stack());
    let index = json!({ "aliases": { place.alias(): {} }, "mappings": { "dynamic": false } });
    place.ask("PUT", &format!("{}-1", place.alias()), &index.to_string());
    place.load(&[], &lines(3));
    let output = place.export();
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    assert!(said(&output).contains("coffer prepare"), "{}", said(&output));
}

fn an_export_leaves_nothing_open(world: &World) {
    let place = Place::new(world.stack());
    place.load(&[], &lines(2_500));
    assert!(place.exported() == lines(2_500));
    assert_eq!(points_in_time(&place), (true, 0));
}

fn a_busy_opensearch_is_asked_again(world: &World) {
    let (place, proxy) = (Place::new(world.stack()), proxy(world));
    place.load(&[], &lines(3));
    proxy.fail_action("DELETE", busy(None), 1);
    let output = Running::start(place.command(&["export", "roles"], Some(&proxy.url())), "").end();
    assert!(output.stdout == lines(3).as_bytes());
    assert!(proxy.take_calls().iter().filter(|call| call.method == "DELETE").count() > 1);
    assert_eq!(points_in_time(&place), (true, 0));
}

/// State of the points in time of this index: have some ended, and how many are open.
fn points_in_time(place: &Place<'_>) -> (bool, u64) {
    let stats = place.ask("GET", &format!("{}/_stats/search", place.alias()), "");
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    let of = |count: &str| stats["_all"]["total"]["search"][count].as_u64().unwrap();
    (of("point_in_time_total") > 0, of("point_in_time_current"))
}
