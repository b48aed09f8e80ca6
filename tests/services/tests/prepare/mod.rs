//! `coffer prepare` and the function prepare-search on OpenSearch.

pub mod at_work;
pub mod domain;
pub mod fields;
pub mod policy;
pub mod resource;
pub mod steps;

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use devstack::stack::Stack;
use serde_json::{Value, json};
use shared::names::{DocumentId, IndexName};
use shared::search::{
    Change, DocumentBytes, OpenSearchDocuments, OpenSearchWriter, Operation, Outcome, ReadDocument, Version,
    WriteDocuments,
};

use crate::program::coffer;

/// The indices behind a prefix, and the ways to them.
struct Indices<'a> {
    stack: &'a Stack,
    prefix: &'static str,
    reader: OpenSearchDocuments,
    writer: OpenSearchWriter,
}

impl<'a> Indices<'a> {
    /// Behind a prefix that no other test has. Nothing is there: indices of an earlier run in a living cluster are
    /// deleted.
    fn new(stack: &'a Stack, prefix: &'static str) -> Self {
        // A machine that is busy with other tests is slow at times.
        let timeout = Duration::from_secs(60);
        let writer = OpenSearchWriter::new(stack.cluster(), prefix.to_owned(), timeout);
        let reader = stack.documents(prefix);
        let indices = Self { stack, prefix, reader, writer };
        let left = indices.get("GET", &format!("{prefix}*"), &Value::Null);
        for name in left.as_object().unwrap().keys() {
            indices.get("DELETE", name, &Value::Null);
        }
        indices
    }

    /// The program, which reaches OpenSearch at this address.
    fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut program = coffer();
        program
            .arg("prepare")
            .args(arguments)
            .env("COFFER_OPENSEARCH_URL", url)
            .env("COFFER_OPENSEARCH_AUTH", "none")
            .env("COFFER_OPENSEARCH_ALIAS_PREFIX", self.prefix)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        program
    }

    /// Runs `coffer prepare` to its good end; returns its output.
    fn prepare(&self, arguments: &[&str]) -> String {
        said(&self.command(&self.stack.opensearch, arguments).output().unwrap())
    }

    /// Asks OpenSearch; the answer's status and body.
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.stack.runtime().block_on(self.stack.opensearch(method, path, body));
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// The same for runs that have to work.
    fn get(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    fn alias(&self, index: IndexName) -> String {
        format!("{}{index}", self.prefix)
    }

    /// The names of the indices that an alias is before.
    fn behind(&self, index: IndexName) -> Vec<String> {
        let answer = self.get("GET", &format!("_alias/{}", self.alias(index)), &Value::Null);
        answer.as_object().unwrap().keys().cloned().collect()
    }

    /// The names of all indices of a type.
    fn all(&self, index: IndexName) -> Vec<String> {
        let answer = self.get("GET", &format!("{}-*", self.alias(index)), &Value::Null);
        answer.as_object().unwrap().keys().cloned().collect()
    }

    /// Tells whether an index refuses writes.
    fn is_blocked(&self, name: &str) -> bool {
        self.get("GET", name, &Value::Null)[name]["settings"]["index"]["blocks"]["write"] == "true"
    }

    /// The name of an index with the mapping of an earlier version.
    fn old_name(&self, index: IndexName) -> String {
        format!("{}-00000000", self.alias(index))
    }

    /// Makes an index as an earlier version would have, behind its alias, and removes all others of the type.
    fn make_old(&self, index: IndexName) {
        for name in self.all(index) {
            self.get("DELETE", &name, &Value::Null);
        }
        let body = json!({
            "settings": { "number_of_shards": 1, "number_of_replicas": 0 },
            "mappings": { "dynamic": false, "_meta": { "coffer": { "fingerprint": "00000000" } } },
            "aliases": { self.alias(index): {} },
        });
        self.get("PUT", &self.old_name(index), &body);
    }

    /// Writes a state of a document, or none for its end.
    fn write(&self, index: IndexName, id: &str, version: u64, text: Option<&str>) -> Outcome {
        let changes = [change(id, version, text)];
        self.stack.runtime().block_on(self.writer.apply(index, &changes)).unwrap().remove(0)
    }

    /// Reads a document.
    fn read(&self, index: IndexName, id: &str) -> Option<String> {
        let id = DocumentId::parse(id.to_owned()).unwrap();
        let read = self.stack.runtime().block_on(self.reader.read(index, &id));
        read.unwrap_or_else(|fault| panic!("{index} {id}: {fault}")).map(DocumentBytes::into_text)
    }

    /// Number of searchable documents that match a query.
    fn count(&self, index: IndexName, query: &Value) -> u64 {
        let alias = self.alias(index);
        self.get("POST", &format!("{alias}/_refresh"), &Value::Null);
        self.get("POST", &format!("{alias}/_count"), &json!({ "query": query }))["count"].as_u64().unwrap()
    }
}

/// A change of a document to this state, or to none.
fn change(id: &str, version: u64, text: Option<&str>) -> Change {
    Change {
        id: DocumentId::parse(id.to_owned()).unwrap(),
        version: Version::new(version).unwrap(),
        operation: match text {
            Some(text) => Operation::Upsert(DocumentBytes::new(text.to_owned().into()).unwrap()),
            None => Operation::Delete,
        },
    }
}

/// Output of a program that ended well.
#[track_caller]
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
