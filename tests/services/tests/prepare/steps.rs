//! A migration that is killed, or that fails, at each of its steps.

use std::process::Child;
use std::time::{Duration, Instant};

use devstack::proxy::{Fault, Proxy};
use devstack::tools::Need;
use serde_json::json;
use shared::names::IndexName;
use shared::search::Outcome;

use super::{Indices, said};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_preparation_killed_at_any_step_ends_well_when_it_runs_again", &[Need::Services], killed_at_any_step),
    ("a_preparation_that_fails_at_any_step_leaves_the_old_state", &[Need::Services], failed_at_any_step),
];

/// The one that is migrated; the others are up to date.
const INDEX: IndexName = IndexName::Roles;
/// Number of documents, the last of which is deleted.
const DOCUMENTS: u64 = 12;

fn text(number: u64) -> String {
    format!("{{ \"id\" : \"{number}\",\"n\":{number}.0}}")
}

/// Puts the old index with its documents in place, and nothing else.
fn put_in_place(indices: &Indices<'_>) {
    indices.make_old(INDEX);
    for number in 1..DOCUMENTS {
        assert_eq!(indices.write(INDEX, &number.to_string(), number, Some(&text(number))), Outcome::Applied);
    }
    assert_eq!(indices.write(INDEX, &DOCUMENTS.to_string(), DOCUMENTS, None), Outcome::Applied);
}

/// All documents are there, byte for byte, with their versions; the deleted one stays deleted.
fn expect_documents(indices: &Indices<'_>, step: usize) {
    for number in 1..DOCUMENTS {
        assert_eq!(indices.read(INDEX, &number.to_string()), Some(text(number)), "step {step}");
        assert_eq!(indices.write(INDEX, &number.to_string(), number, Some("{}")), Outcome::Unchanged, "step {step}");
    }
    assert_eq!(indices.read(INDEX, &DOCUMENTS.to_string()), None, "step {step}");
    let late = indices.write(INDEX, &DOCUMENTS.to_string(), DOCUMENTS - 1, Some("{}"));
    assert!(matches!(late, Outcome::Stale(_)), "step {step}: {late:?}");
}

/// The alias is before the new index, which takes writes; the old one is kept, and there is no other.
fn expect_new_state(indices: &Indices<'_>, step: usize) {
    let behind = indices.behind(INDEX);
    let [new] = &behind[..] else { panic!("step {step}: {behind:?}") };
    let old = indices.old_name(INDEX);
    assert_ne!(*new, old, "step {step}");
    let mut both = vec![old.clone(), new.clone()];
    both.sort();
    assert_eq!(indices.all(INDEX), both, "step {step}");
    assert!(!indices.is_blocked(new) && indices.is_blocked(&old), "step {step}");
    expect_documents(indices, step);
}

/// The alias is before the old index, which takes writes, and there is no other.
fn expect_old_state(indices: &Indices<'_>, step: usize) {
    let old = indices.old_name(INDEX);
    assert_eq!((indices.behind(INDEX), indices.all(INDEX)), (vec![old.clone()], vec![old.clone()]), "step {step}");
    assert!(!indices.is_blocked(&old), "step {step}");
    expect_documents(indices, step);
}

/// The calls of one whole migration.
fn whole_migration(indices: &Indices<'_>, proxy: &Proxy) -> usize {
    indices.prepare(&[]);
    put_in_place(indices);
    proxy.take_calls();
    let said = said(&indices.command(&proxy.url(), &[]).output().unwrap());
    assert!(said.contains(&format!("roles: {DOCUMENTS} documents copied")), "{said}");
    expect_new_state(indices, 0);
    let calls = proxy.take_calls();
    assert!(calls.iter().any(|call| call.path == "/_aliases"), "{calls:?}");
    calls.len()
}

/// Waits until the program has made this many calls, or has ended.
fn wait_for_calls(program: &mut Child, proxy: &Proxy, count: usize) {
    let started = Instant::now();
    while proxy.count_calls() < count && program.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "the program makes no call {count}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn killed_at_any_step(world: &World) {
    let stack = world.stack();
    let indices = Indices::new(stack, "killed-");
    let proxy = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    let calls = whole_migration(&indices, &proxy);
    assert!(calls > 20, "{calls}");
    for step in 1..=calls {
        put_in_place(&indices);
        proxy.take_calls();
        proxy.fail_after(step - 1, Fault::Stall, usize::MAX);
        let mut program = indices.command(&proxy.url(), &[]).spawn().unwrap();
        wait_for_calls(&mut program, &proxy, step);
        program.kill().unwrap();
        program.wait().unwrap();
        proxy.heal();
        said(&indices.command(&proxy.url(), &[]).output().unwrap());
        expect_new_state(&indices, step);
    }
}

fn failed_at_any_step(world: &World) {
    let stack = world.stack();
    let indices = Indices::new(stack, "failed-");
    let proxy = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    let calls = whole_migration(&indices, &proxy);
    put_in_place(&indices);
    let mut failed = 0;
    for step in 1..=calls {
        let body = json!({ "error": { "type": "test", "reason": "as the test wants it" }, "status": 500 });
        proxy.take_calls();
        proxy.fail_after(
            step - 1,
            Fault::Answer { status: 500, headers: Vec::new(), body: body.to_string().into() },
            1,
        );
        let output = indices.command(&proxy.url(), &[]).output().unwrap();
        proxy.heal();
        if output.status.success() {
            // A call that may fail, or one more than this run has needed.
            expect_new_state(&indices, step);
            put_in_place(&indices);
            continue;
        }
        failed += 1;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("as the test wants it"), "step {step}: {errors}");
        expect_old_state(&indices, step);
    }
    assert!(failed > 15, "{failed} of {calls} calls failed the run");
    said(&indices.command(&proxy.url(), &[]).output().unwrap());
    expect_new_state(&indices, calls + 1);
}
