//! The function as the custom resource of a deployment.

use devstack::proxy::{Call, Fault, Proxy};
use devstack::sandbox::Emulated;
use devstack::stack::Stack;
use devstack::tools::Need;
use serde_json::{Value, json};
use shared::names::IndexName;

use super::Indices;
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_deployment_gets_its_indices_and_an_answer", &[Need::Services], a_deployment_gets_its_indices_and_an_answer),
    ("a_deployment_is_answered_when_settings_are_wrong", &[Need::Services], answered_when_settings_are_wrong),
    ("a_deployment_is_answered_when_the_cluster_is_gone", &[Need::Services], answered_when_the_cluster_is_gone),
    ("a_deployment_is_answered_before_time_is_up", &[Need::Services], answered_before_time_is_up),
    ("an_answer_to_a_deployment_is_repeated_until_it_arrives", &[Need::Services], an_answer_is_repeated),
    ("an_event_without_an_address_for_the_answer_is_an_error", &[Need::Services], an_event_without_an_address),
];

/// Stand-in for CloudFormation: it takes every answer. Nothing is behind it.
pub(super) fn cloud_formation(stack: &Stack) -> Proxy {
    let proxy = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    proxy.fail(Fault::Answer { status: 200, headers: Vec::new(), body: Default::default() });
    proxy
}

fn event(kind: &str, answers: &Proxy) -> Value {
    let mut event = json!({
        "RequestType": kind,
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:prepare-search",
        "ResponseURL": format!("{}/bucket/key%7Ca?X-Amz-Signature=a%2Fb%3D&Expires=1", answers.url()),
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/coffer/1",
        "RequestId": format!("request-{kind}"),
        "ResourceType": "Custom::Indices",
        "LogicalResourceId": "Indices",
        "ResourceProperties": { "Fingerprint": prepare_search::fingerprint() },
    });
    if kind != "Create" {
        event["PhysicalResourceId"] = json!("coffer-indices-known");
        event["OldResourceProperties"] = json!({ "Fingerprint": "00000000" });
    }
    event
}

/// The function with these settings instead of the deployment's.
pub(super) fn function(stack: &Stack, settings: &[(&str, &str)]) -> Emulated {
    let mut all = stack.settings();
    all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let bootstrap = stack.function("prepare-search").display().to_string();
    Emulated::start(stack.emulator(), stack.folder(), "prepare-search", &[&bootstrap], &all)
}

/// Hands an event over; the one answer that CloudFormation gets.
pub(super) fn call(stack: &Stack, function: &Emulated, kind: &str, answers: &Proxy) -> Value {
    let returned = stack.runtime().block_on(function.invoke(event(kind, answers).to_string())).unwrap();
    let calls = answers.take_calls();
    let [call] = &calls[..] else { panic!("{returned} {calls:?}\n{}", function.log()) };
    read(call, kind)
}

/// Reads an answer, which is the kind of request that the signature is for.
fn read(call: &Call, kind: &str) -> Value {
    assert_eq!((call.method.as_str(), call.header("content-type")), ("PUT", None), "{call:?}");
    assert_eq!(call.path, "/bucket/key%7Ca?X-Amz-Signature=a%2Fb%3D&Expires=1");
    assert_eq!(call.header("content-length"), Some(call.body.len().to_string().as_str()));
    assert!(call.body.len() < 4096);
    let answer: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(answer["RequestId"], format!("request-{kind}"));
    assert_eq!(answer["StackId"], "arn:aws:cloudformation:us-east-1:123456789012:stack/coffer/1");
    assert_eq!(answer["LogicalResourceId"], "Indices");
    answer
}

fn a_deployment_gets_its_indices_and_an_answer(world: &World) {
    let stack = world.stack();
    let indices = Indices::new(stack, "deployed-");
    let answers = cloud_formation(stack);
    let function = function(stack, &[("COFFER_OPENSEARCH_ALIAS_PREFIX", "deployed-")]);
    for kind in ["Create", "Update"] {
        let answer = call(stack, &function, kind, &answers);
        assert_eq!(
            (&answer["Status"], &answer["PhysicalResourceId"]),
            (&json!("SUCCESS"), &json!("coffer-indices-deployed-"))
        );
        for index in IndexName::ALL {
            assert_eq!(indices.behind(index).len(), 1);
        }
    }
    let answer = call(stack, &function, "Delete", &answers);
    assert_eq!((&answer["Status"], &answer["PhysicalResourceId"]), (&json!("SUCCESS"), &json!("coffer-indices-known")));
    assert_eq!(indices.behind(IndexName::Roles).len(), 1, "documents outlive a deployment");
}

#[track_caller]
fn expect_failure(answer: &Value, reason: &str) {
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    let text = answer["Reason"].as_str().unwrap();
    assert!(text.contains(reason) && text.contains("The log has more"), "{answer}");
    assert!(answer["PhysicalResourceId"].as_str().is_some_and(|id| id.starts_with("coffer-indices-")), "{answer}");
}

fn answered_when_settings_are_wrong(world: &World) {
    let stack = world.stack();
    let answers = cloud_formation(stack);
    let function = function(stack, &[("COFFER_OPENSEARCH_URL", "")]);
    expect_failure(&call(stack, &function, "Create", &answers), "COFFER_OPENSEARCH_URL is missing");
    // A missing object can be deleted.
    assert_eq!(call(stack, &function, "Delete", &answers)["Status"], "SUCCESS");
    expect_failure(&call(stack, &function, "Upgrade", &answers), "unknown type");
}

fn answered_when_the_cluster_is_gone(world: &World) {
    let stack = world.stack();
    let answers = cloud_formation(stack);
    let cluster = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    cluster.fail(Fault::Refuse);
    let url = cluster.url();
    let own = [("COFFER_OPENSEARCH_URL", url.as_str()), ("COFFER_OPENSEARCH_ALIAS_PREFIX", "gone-")];
    let function = function(stack, &own);
    expect_failure(&call(stack, &function, "Update", &answers), "the cluster can't be reached");
    cluster.heal();
    assert_eq!(call(stack, &function, "Update", &answers)["Status"], "SUCCESS");
}

fn answered_before_time_is_up(world: &World) {
    let stack = world.stack();
    let answers = cloud_formation(stack);
    let cluster = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    cluster.fail(Fault::Stall);
    let url = cluster.url();
    let own = [("COFFER_OPENSEARCH_URL", url.as_str()), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "43")];
    let function = function(stack, &own);
    expect_failure(&call(stack, &function, "Create", &answers), "Run `coffer prepare`");
}

fn an_answer_is_repeated(world: &World) {
    let stack = world.stack();
    let answers = cloud_formation(stack);
    // OpenSearch, which is behind, has no use for it and refuses; then it is taken.
    let taken = Fault::Answer { status: 200, headers: Vec::new(), body: Default::default() };
    answers.fail_after(2, taken, usize::MAX);
    let function = function(stack, &[]);
    let returned = stack.runtime().block_on(function.invoke(event("Delete", &answers).to_string())).unwrap();
    let calls = answers.take_calls();
    assert!(calls.len() == 3 && !returned.contains("errorMessage"), "{returned} {calls:?}");
    for call in &calls {
        assert_eq!(read(call, "Delete")["Status"], "SUCCESS");
    }
}

fn an_event_without_an_address(world: &World) {
    let stack = world.stack();
    let function = function(stack, &[]);
    for event in ["{}", r#"{"RequestType":"Create","ResponseURL":"http://answers.example/"}"#] {
        let returned = stack.runtime().block_on(function.invoke(event.to_owned())).unwrap();
        assert!(returned.contains("errorMessage"), "{returned}");
    }
}
