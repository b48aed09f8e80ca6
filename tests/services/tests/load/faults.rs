//! Failures on the way that pass.

use std::cell::Cell;
use std::time::{Duration, Instant};

use devstack::proxy::{Fault, Proxy};
use devstack::tools::Need;

use super::{Place, Running, lines, said, summary, wait_until};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_throttled_load_slows_down_and_loses_nothing", &[Need::Services], a_throttled_load_slows_down),
    ("a_load_waits_as_long_as_opensearch_asks_for", &[Need::Services], a_load_waits_as_long_as_asked),
    ("a_load_repeats_what_was_cut_or_reset", &[Need::Services], a_load_repeats_what_was_cut_or_reset),
    ("a_load_waits_for_an_index_that_is_blocked", &[Need::Services], a_load_waits_for_an_index_that_is_blocked),
    (
        "a_load_into_an_index_that_takes_no_writes_stops_and_goes_on_where_it_says",
        &[Need::Services],
        a_load_into_an_index_that_takes_no_writes,
    ),
    ("a_load_that_is_told_to_stop_while_it_waits_says_where", &[Need::Services], a_load_that_is_told_to_stop),
    ("a_load_that_was_killed_is_begun_anew", &[Need::Services], a_load_that_was_killed_is_begun_anew),
    ("wrong_credentials_end_a_load_at_once", &[Need::Services], wrong_credentials_end_a_load_at_once),
];

/// Some batches.
const DOCUMENTS: usize = 9_000;

pub(super) fn proxy(world: &World) -> Proxy {
    Proxy::before(world.stack().runtime().handle(), &world.stack().opensearch)
}

pub(super) fn busy(retry_after: Option<u32>) -> Fault {
    let headers = retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
    Fault::Answer { status: 429, headers: headers.into_iter().collect(), body: "{}".into() }
}

fn bulks(proxy: &Proxy) -> usize {
    proxy.take_calls().iter().filter(|call| call.path.contains("_bulk")).count()
}

fn a_throttled_load_slows_down(world: &World) {
    let (place, proxy) = (Place::new(world.stack()), proxy(world));
    // The first call asks whether the alias is there; a failure there doesn't matter.
    proxy.fail_times(busy(None), 8);
    let output = place.load_through(Some(&proxy.url()), &["--mix-versions"], &lines(DOCUMENTS));
    assert_eq!(
        (output.status.code(), &*summary(&output)),
        (Some(0), "9000 loaded, 0 unchanged, 0 older, 0 refused"),
        "{}",
        said(&output)
    );
    // OpenSearch itself may have sent others away.
    assert!(bulks(&proxy) >= 7 + DOCUMENTS.div_ceil(2_000), "each batch that was sent away came again");
    assert!(place.exported() == lines(DOCUMENTS));
}

fn a_load_waits_as_long_as_asked(world: &World) {
    let (place, proxy) = (Place::new(world.stack()), proxy(world));
    proxy.fail_times(busy(Some(2)), 2);
    let started = Instant::now();
    let output = place.load_through(Some(&proxy.url()), &[], &lines(1));
    assert_eq!(summary(&output), "1 loaded, 0 unchanged, 0 older, 0 refused");
    assert!(started.elapsed() >= Duration::from_secs(2));
}

fn a_load_repeats_what_was_cut_or_reset(world: &World) {
    for fault in [Fault::Reset, Fault::CutAnswer, Fault::DropAnswer] {
        let (place, proxy) = (Place::new(world.stack()), proxy(world));
        proxy.fail_times(fault.clone(), 3);
        // Without a question about versions, so that writes fail.
        let output = place.load_through(Some(&proxy.url()), &["--mix-versions"], &lines(DOCUMENTS));
        assert_eq!(output.status.code(), Some(0), "{fault:?}: {}", said(&output));
        // A change applied without an answer is unchanged when it comes again.
        let summary = summary(&output);
        let numbers: Vec<usize> = summary.split(' ').filter_map(|word| word.parse().ok()).collect();
        assert_eq!((numbers[0] + numbers[1], numbers[2], numbers[3]), (DOCUMENTS, 0, 0), "{fault:?}: {summary}");
        assert_eq!(numbers[1] == 0, fault == Fault::Reset, "{fault:?}: {summary}");
        assert!(place.exported() == lines(DOCUMENTS), "{fault:?}");
    }
}

fn a_load_waits_for_an_index_that_is_blocked(world: &World) {
    let (place, proxy) = (Place::new(world.stack()), proxy(world));
    let settings = format!("{}/_settings", place.alias());
    place.ask("PUT", &settings, r#"{"index.blocks.write":true}"#);
    let running = Running::start(place.command(&["load", "roles", "-"], Some(&proxy.url())), &lines(10));
    let sent = Cell::new(0);
    wait_until("the batch is sent and sent again", || {
        sent.set(sent.get() + bulks(&proxy));
        sent.get() >= 2
    });
    place.ask("PUT", &settings, r#"{"index.blocks.write":false}"#);
    let output = running.end();
    assert_eq!(summary(&output), "10 loaded, 0 unchanged, 0 older, 0 refused");
}

fn a_load_into_an_index_that_takes_no_writes(world: &World) {
    let (closed, ambiguous) = (Place::new(world.stack()), Place::new(world.stack()));
    closed.ask("POST", &format!("{}-1/_close", closed.alias()), "");
    let second = format!("{}-2", ambiguous.alias());
    ambiguous.ask("PUT", &second, &serde_json::json!({ "aliases": { ambiguous.alias(): {} } }).to_string());
    let loads = [&closed, &ambiguous].map(|place| {
        std::fs::write(place.folder.path().join("documents"), lines(10)).unwrap();
        Running::start(place.command(&["load", "roles", "documents"], None), "")
    });
    let outputs = loads.map(Running::end);
    closed.ask("POST", &format!("{}-1/_open", closed.alias()), "");
    ambiguous.ask("DELETE", &second, "");
    for (place, output) in [&closed, &ambiguous].into_iter().zip(outputs) {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 0 refused");
        let said = said(&output);
        let command = said.split_once("stopped; go on with: coffer ").unwrap_or_else(|| panic!("{said}")).1;
        let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "--opensearch").collect();
        let output = Running::start(place.command(&words, None), "").end();
        assert_eq!(summary(&output), "10 loaded, 0 unchanged, 0 older, 0 refused", "{output:?}");
        assert!(place.exported() == lines(10));
    }
}

fn a_load_that_is_told_to_stop(world: &World) {
    let (place, proxy) = (Place::new(world.stack()), proxy(world));
    proxy.fail(busy(Some(60)));
    let running = Running::start(place.command(&["load", "roles", "-"], Some(&proxy.url())), &lines(10));
    wait_until("a batch is compared", || proxy.take_calls().iter().any(|call| call.path.contains("_mget")));
    let id = running.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = running.end();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(said(&output), "coffer: stopped; go on with: coffer load roles --opensearch -\n");
    assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 0 refused");
}

fn a_load_that_was_killed_is_begun_anew(world: &World) {
    let place = Place::new(world.stack());
    let all = lines(20_000);
    let mut running = Running::start(place.command(&["load", "roles", "-"], None), &all);
    wait_until("something is loaded", || {
        place.ask("POST", &format!("{}/_refresh", place.alias()), "");
        !place.ask("GET", &format!("{}/_count", place.alias()), "").contains("\"count\":0,")
    });
    running.child.kill().unwrap();
    let _ = running.end();
    let output = place.load(&[], &all);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(place.exported() == all);
}

fn wrong_credentials_end_a_load_at_once(world: &World) {
    let (place, proxy) = (Place::new(world.stack()), proxy(world));
    proxy.fail(Fault::Answer { status: 401, headers: Vec::new(), body: "{}".into() });
    let output = place.load_through(Some(&proxy.url()), &[], &lines(1));
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("COFFER_OPENSEARCH_AUTH"), "{}", said(&output));
}
