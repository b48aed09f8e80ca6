//! sync-documents: changes of documents, delivered as a queue delivers them — late, in any order, more than once — into
//! OpenSearch, and the documents that get-document then reads.

mod deletes;
mod items;
mod messages;
mod storm;

use bytes::Bytes;
use devstack::queue::Message;
use devstack::random::Random;
use devstack::sandbox::Function;
use devstack::stack::Stack;
use devstack::tools::Need;
use devstack::watched::Watched;
use serde_json::json;
use shared::names::{DocumentId, IndexName};
use shared::search::{DocumentBytes, OpenSearchDocuments, ReadDocument};

use crate::Test;

pub const TESTS: &[Test] = &[
    (
        "one_poisoned_message_of_each_kind_is_reported_alone",
        &[Need::Services],
        messages::one_poisoned_message_of_each_kind_is_reported_alone,
    ),
    (
        "a_state_that_is_refused_holds_up_no_older_one",
        &[Need::Services],
        messages::a_state_that_is_refused_holds_up_no_older_one,
    ),
    (
        "a_record_without_an_id_fails_its_whole_batch",
        &[Need::Services],
        messages::a_record_without_an_id_fails_its_whole_batch,
    ),
    ("a_batch_leaves_one_line_with_its_counts", &[Need::Services], messages::a_batch_leaves_one_line_with_its_counts),
    (
        "a_change_that_is_dropped_for_a_version_of_another_kind_is_warned_of",
        &[Need::Services],
        messages::a_change_that_is_dropped_for_a_version_of_another_kind_is_warned_of,
    ),
    (
        "without_its_settings_the_function_fails_each_batch",
        &[Need::Services],
        messages::without_its_settings_the_function_fails_each_batch,
    ),
    (
        "a_document_that_is_throttled_or_fails_is_reported_alone",
        &[Need::Services],
        items::a_document_that_is_throttled_or_fails_is_reported_alone,
    ),
    (
        "a_request_that_fails_takes_no_other_with_it",
        &[Need::Services],
        items::a_request_that_fails_takes_no_other_with_it,
    ),
    (
        "changes_reach_a_cluster_that_takes_no_index_from_a_body",
        &[Need::Services],
        items::changes_reach_a_cluster_that_takes_no_index_from_a_body,
    ),
    (
        "an_index_that_takes_no_writes_fails_its_messages_and_refuses_none",
        &[Need::Services],
        items::an_index_that_takes_no_writes_fails_its_messages,
    ),
    ("a_large_batch_is_sent_in_small_requests", &[Need::Services], items::a_large_batch_is_sent_in_small_requests),
    (
        "a_late_upsert_does_not_bring_a_deleted_document_back",
        &[Need::Services],
        deletes::a_late_upsert_does_not_bring_a_deleted_document_back,
    ),
    (
        "twenty_thousand_changes_end_in_the_newest_state_of_each_document",
        &[Need::Services],
        storm::twenty_thousand_changes_end_in_the_newest_state_of_each_document,
    ),
    (
        "changes_end_in_the_newest_state_whatever_fails_on_the_way",
        &[Need::Services],
        storm::changes_end_in_the_newest_state_whatever_fails_on_the_way,
    ),
];

/// Six indices of a test's own, which end with this value.
struct Indices<'a> {
    stack: &'a Stack,
    prefix: String,
    reader: OpenSearchDocuments,
}

impl<'a> Indices<'a> {
    /// Makes them, with a name that no run before has used: services may outlive the tests.
    fn make(stack: &'a Stack, test: &str) -> Self {
        let prefix = format!("sync-{test}-{:08x}-", Random::unseeded().number() >> 32);
        stack.runtime().block_on(stack.make_indices(&prefix));
        let reader = stack.documents(&prefix);
        Self { stack, prefix, reader }
    }

    fn settings(&self) -> [(&'static str, &str); 1] {
        [("COFFER_OPENSEARCH_ALIAS_PREFIX", &self.prefix)]
    }

    /// A function that writes into them.
    fn function(&self) -> Function<'a> {
        Function::start_with(self.stack, "sync-documents", &self.settings())
    }

    /// The same behind proxies.
    fn watched(&self) -> Watched<'a> {
        Watched::start_with(self.stack, "sync-documents", &self.settings())
    }

    /// A document as get-document reads it.
    fn read(&self, index: IndexName, id: &str) -> Option<String> {
        let id = DocumentId::parse(id).unwrap();
        let read = self.stack.runtime().block_on(self.reader.read(index, &id));
        read.unwrap_or_else(|fault| panic!("{index} {id}: {fault}")).map(DocumentBytes::into_text)
    }
}

impl Drop for Indices<'_> {
    fn drop(&mut self) {
        let ask = |method: &str, path: &str| {
            self.stack.runtime().block_on(self.stack.opensearch(method, path, String::new())).1
        };
        for name in ask("GET", &format!("_cat/indices/{}*?h=index", self.prefix)).lines() {
            ask("DELETE", name);
        }
    }
}

/// A document of this id.
fn document(id: &str, text: &str) -> String {
    format!("{{\"id\":{}, \"text\" : {},\"n\":1.0}}", json!(id), json!(text))
}

/// A message that puts a document; its bytes are in it as they are.
fn upsert(index: IndexName, id: &str, version: u64, document: &str) -> Message {
    let head = json!({ "index": index.as_str(), "operation": "upsert", "id": id, "version": version }).to_string();
    Message::new(format!("{},\"document\":{document}}}", head.strip_suffix('}').unwrap()))
}

/// A message that deletes a document.
fn delete(index: IndexName, id: &str, version: u64) -> Message {
    let body = json!({ "index": index.as_str(), "operation": "delete", "id": id, "version": version });
    Message::new(body.to_string())
}

/// The answer of a proxy.
fn answer(status: u16, body: impl Into<Bytes>) -> devstack::proxy::Fault {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    devstack::proxy::Fault::Answer { status, headers, body: body.into() }
}
