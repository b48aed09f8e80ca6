//! The queue, and functions without callers that have a token.

use serde_json::{Value, json};

use super::is_of_queues;
use crate::World;
use crate::template::Template;

/// Queues in a function's events.
pub(super) fn queues(function: &Value) -> Vec<&Value> {
    let events = function["Events"].as_object().into_iter().flatten();
    events.filter(|(_, event)| event["Type"] == "SQS").map(|(_, event)| &event["Properties"]).collect()
}

pub(super) fn the_queue_is_read_for_one_function_alone(_: &World) {
    let template = Template::read();
    for (name, function) in template.functions() {
        let queues = queues(function);
        assert_eq!(queues.len(), usize::from(name == "SyncDocuments"), "{name}");
        let statements = template.statements(name);
        let statements: Vec<_> = statements.iter().filter(|statement| is_of_queues(statement)).collect();
        assert_eq!(statements.len(), queues.len(), "{name}");
        for (queue, statement) in queues.iter().zip(statements) {
            let arn = json!({ "Fn::GetAtt": "Changes.Arn" });
            assert_eq!(queue["Queue"], arn);
            assert_eq!((&statement.resources, &statement.conditions), (&vec![arn], &Vec::new()));
            // Lambda's requests, and no more: not to send, not to purge.
            let needed = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            assert_eq!(statement.actions, needed);
            // Otherwise one message that fails would bring all of its batch again.
            assert_eq!(queue["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
            let properties = &template.resource("Changes")["Properties"];
            let visibility = properties["VisibilityTimeout"].as_u64().unwrap();
            let window = queue["MaximumBatchingWindowInSeconds"].as_u64().unwrap();
            assert!(visibility >= 6 * function["Timeout"].as_u64().unwrap() + window, "{visibility}");
            let dead = &properties["RedrivePolicy"]["deadLetterTargetArn"];
            assert_eq!(*dead, json!({ "Fn::GetAtt": "DeadChanges.Arn" }));
        }
    }
}

pub(super) fn a_function_without_callers_gets_no_token_keys(_: &World) {
    let template = Template::read();
    let tokens = template.global_variables().filter(|name| name.starts_with("COFFER_JWT_"));
    let tokens: Vec<_> = tokens.collect();
    assert_eq!(tokens.len(), 7);
    for (name, function) in template.functions() {
        let called =
            function["Events"].as_object().is_some_and(|events| events.values().any(|event| event["Type"] == "Api"));
        for token in &tokens {
            // Not said, it is that of all functions.
            let own = &function["Environment"]["Variables"][*token];
            assert_eq!(*own, if called { Value::Null } else { json!("") }, "{name}: {token}");
        }
    }
}
