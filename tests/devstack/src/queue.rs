//! A queue's messages as Lambda hands them to a function, and the function's answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The id that the queue gave it, in the form of a UUID.
    pub id: String,
    /// Body that was sent.
    pub body: String,
}

impl Message {
    /// A message with an id of its own.
    pub fn new(body: impl Into<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id: format!("c0ffe400-0000-4000-8000-{number:012x}"), body: body.into() }
    }
}

/// The event of a batch.
pub fn event(messages: &[Message]) -> String {
    let records: Vec<_> = messages.iter().map(record).collect();
    json!({ "Records": records }).to_string()
}

/// One record of an event.
pub fn record(message: &Message) -> Value {
    json!({
        "messageId": message.id,
        "receiptHandle": format!("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a{}", message.id.replace('-', "")),
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:coffer-Changes",
        "awsRegion": "us-east-1",
    })
}

/// The ids of the messages that a function wants again; `None` if the answer is none to a batch, for which all of it
/// would be delivered again.
pub fn failures(answer: &str) -> Option<BTreeSet<String>> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let failures = answer["batchItemFailures"].as_array()?;
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned)).collect()
}
