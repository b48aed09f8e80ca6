//! The events of the gateway's REST API in all the forms that they come in: each file of `tests/events/` is handed to
//! the function that it is for, and the answer held against the file beside it. `tests/events/README.md` says how the
//! files are written.

mod case;
mod pattern;
mod placeholders;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use devstack::artefacts::FUNCTIONS;
use devstack::examples;
use devstack::sandbox::{Answer, Emulated};
use devstack::stack::Stack;
use devstack::tools::Need;
use serde_json::Value;

use crate::{MadeTest, World};
use case::{Case, Step};

/// A process a function, for all cases together. Each starts when the first case needs it.
#[derive(Debug, Default)]
pub struct Processes([OnceLock<Mutex<Emulated>>; FUNCTIONS.len()]);

impl Processes {
    /// Hands an event to a function; an emulator takes one at a time.
    fn invoke(&self, stack: &Stack, function: &str, event: String) -> String {
        let process = self.of(stack, function).lock().unwrap_or_else(PoisonError::into_inner);
        stack.runtime().block_on(process.invoke(event)).unwrap()
    }

    /// Log of the function's process.
    fn log(&self, stack: &Stack, function: &str) -> String {
        self.of(stack, function).lock().unwrap_or_else(PoisonError::into_inner).log()
    }

    fn of(&self, stack: &Stack, function: &str) -> &Mutex<Emulated> {
        let place = FUNCTIONS.iter().position(|(name, _)| *name == function);
        let (name, slot) = place.map(|i| (FUNCTIONS[i].0, &self.0[i])).unwrap_or_else(|| panic!("no {function}"));
        slot.get_or_init(|| {
            let bootstrap = stack.function(name).display().to_string();
            Mutex::new(Emulated::start(stack.emulator(), stack.folder(), name, &[&bootstrap], &stack.settings()))
        })
    }
}

/// A test for each case, and those of the corpus itself. A case that can't be read is a test that says so.
pub fn tests() -> Vec<MadeTest> {
    let mut tests: Vec<MadeTest> = vec![
        ("each_function_has_events_that_succeed_and_that_are_refused".to_owned(), &[], Box::new(|_| is_complete())),
        ("no_two_events_are_about_the_same_user".to_owned(), &[], Box::new(|_| shares_no_user())),
    ];
    tests.extend(case::all().into_iter().map(|(name, case)| -> MadeTest {
        let test = move |world: &World| match case {
            Ok(case) => run(world, &case),
            Err(fault) => panic!("{fault}"),
        };
        (format!("events/{name}"), &[Need::Services], Box::new(test))
    }));
    tests
}

fn run(world: &World, case: &Case) {
    let stack = world.stack();
    let mut tag = None;
    for step in &case.before {
        take(world, step, &mut tag);
    }
    let event = placeholders::fill(stack, &case.event, tag.as_deref());
    let text = world.events.invoke(stack, &case.function, event.clone());
    let answer = Answer::of(&text);
    case.expected.hold(&answer).unwrap_or_else(|fault| panic!("{}\n{fault}\n{answer:?}", case.why));
    hold_always(&case.event, &answer);
    let log = world.events.log(stack, &case.function);
    for token in placeholders::tokens(&event) {
        let signature = token.rsplit('.').next().unwrap();
        assert!(!log.contains(signature), "a token is in the log:\n{log}");
    }
    assert_eq!(log.matches("INIT START").count(), 1, "the process was started anew:\n{log}");
    for step in &case.after {
        take(world, step, &mut tag);
    }
}

/// Makes a request that a case needs before or after its own.
fn take(world: &World, step: &Step, tag: &mut Option<String>) {
    let stack = world.stack();
    match step {
        Step::Document { index, id, text } => stack.runtime().block_on(stack.put_document(index, id, text)),
        Step::Request { function, path, token, body, expected } => {
            let token = placeholders::token(stack, token);
            let method = match function.as_str() {
                "create-secret" => "POST",
                "update-secret" => "PUT",
                "delete-secret" => "DELETE",
                _ => "GET",
            };
            let event = devstack::sandbox::event_with(&token, method, path, body.clone());
            let answer = Answer::of(&world.events.invoke(stack, function, event));
            expected.hold(&answer).unwrap_or_else(|fault| panic!("{function} {path}: {fault}\n{answer:?}"));
            if let Some(named) = answer.headers.get("etag") {
                *tag = Some(named.clone());
            }
        }
    }
}

/// Promises that every answer keeps.
fn hold_always(event: &str, answer: &Answer) {
    let event: Value = serde_json::from_str(event).unwrap();
    let id = answer.headers.get("x-request-id").unwrap_or_else(|| panic!("no tracking id: {answer:?}"));
    let hex = |text: &str| text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert!(hex(id), "{answer:?}");
    let gateways = event["requestContext"]["requestId"].as_str().unwrap_or_default().to_ascii_lowercase();
    if gateways.len() == 36 && hex(&gateways.replace('-', "")) {
        assert_eq!(*id, gateways.replace('-', ""), "{answer:?}");
    }
    if let Some(tracking) = serde_json::from_str::<Value>(&answer.body).unwrap_or_default().get("trackingId") {
        assert_eq!(tracking, id, "{answer:?}");
    }
    assert_eq!(answer.headers.get("cache-control").map(String::as_str), Some("no-store"), "{answer:?}");
    let kind = answer.headers.get("content-type").map(String::as_str);
    assert_eq!(kind, (!answer.body.is_empty()).then_some("application/json"), "{answer:?}");
}

fn is_complete() {
    let names: BTreeSet<String> = case::all().into_iter().map(|(name, _)| name).collect();
    // Those that a gateway calls.
    for (function, ..) in examples::requests("user") {
        for case in ["success", "no-token", "bad-token"] {
            assert!(names.contains(&format!("{function}/{case}")), "{function} has no case {case}");
        }
    }
}

/// Cases run side by side on one table.
fn shares_no_user() {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, case) in case::all() {
        let Ok(case) = case else { continue };
        for user in case.users() {
            if let Some(other) = owners.insert(user.clone(), name.clone()) {
                panic!("{user} is in {name} and in {other}");
            }
        }
    }
    assert!(!owners.is_empty());
}
