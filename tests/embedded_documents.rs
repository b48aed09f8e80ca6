//! The embedded store of documents, asked by the traits that OpenSearch's has as well.

use std::path::Path;

use local::embedded::EmbeddedDocuments;
use shared::names::{DocumentId, IndexName};
use shared::search::{Change, DocumentBytes, Operation, Outcome, ReadDocument, Version, WriteDocuments};

const INDEX: IndexName = IndexName::Roles;

fn id(text: &str) -> DocumentId {
    DocumentId::parse(text).unwrap()
}

fn change(version: u64, operation: Operation) -> Change {
    Change { id: id("a"), version: Version::new(version).unwrap(), operation }
}

fn upsert(version: u64, text: &str) -> Change {
    change(version, Operation::Upsert(DocumentBytes::new(text.to_owned().into()).unwrap()))
}

fn delete(version: u64) -> Change {
    change(version, Operation::Delete)
}

async fn read(store: &EmbeddedDocuments) -> Option<String> {
    store.read(INDEX, &id("a")).await.unwrap().map(DocumentBytes::into_text)
}

async fn apply(store: &EmbeddedDocuments, change: Change) -> Outcome {
    store.apply(INDEX, &[change]).await.unwrap().remove(0)
}

fn store(folder: &Path) -> EmbeddedDocuments {
    EmbeddedDocuments::open(&folder.join("documents.db")).unwrap()
}

#[tokio::test]
async fn the_newest_change_counts_in_whichever_order_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let changes = [upsert(1, "{\"id\":\"a\"}"), upsert(3, "{\"id\":\"a\",\"n\":3}"), delete(2)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        // In a store of its own: another index.
        let ordered: Vec<_> = order.iter().map(|number| changes[*number].clone()).collect();
        let index = IndexName::ALL[order[0] * 2 + usize::from(order[1] > order[2])];
        store.apply(index, &ordered).await.unwrap();
        let read = store.read(index, &id("a")).await.unwrap().map(DocumentBytes::into_text);
        assert_eq!(read.as_deref(), Some("{\"id\":\"a\",\"n\":3}"), "{order:?}");
    }
}

#[tokio::test]
async fn a_version_that_is_stored_already_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(apply(&store, upsert(5, "{\"id\":\"a\",\"n\":1}")).await, Outcome::Applied);
    assert_eq!(apply(&store, upsert(5, "{\"id\":\"a\",\"n\":2}")).await, Outcome::Unchanged);
    assert_eq!(apply(&store, upsert(4, "{\"id\":\"a\",\"n\":3}")).await, Outcome::Stale(Version::new(5)));
    assert_eq!(apply(&store, delete(5)).await, Outcome::Unchanged);
    assert_eq!(read(&store).await.as_deref(), Some("{\"id\":\"a\",\"n\":1}"));
}

#[tokio::test]
async fn a_deleted_document_stays_deleted_until_a_newer_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    let deleted = store(folder.path());
    assert_eq!(apply(&deleted, upsert(1, "{\"id\":\"a\"}")).await, Outcome::Applied);
    assert_eq!(apply(&deleted, delete(2)).await, Outcome::Applied);
    drop(deleted);
    // Also for later users of the store.
    let store = store(folder.path());
    assert_eq!(apply(&store, upsert(1, "{\"id\":\"a\"}")).await, Outcome::Stale(Version::new(2)));
    assert_eq!(read(&store).await, None);
    let mut seen = 0;
    store
        .each(INDEX, |_, _, _| {
            seen += 1;
            Ok::<(), local::embedded::EmbeddedStoreError>(())
        })
        .unwrap();
    assert_eq!(seen, 0);
    assert_eq!(apply(&store, upsert(3, "{\"id\":\"a\",\"n\":3}")).await, Outcome::Applied);
    assert_eq!(read(&store).await.as_deref(), Some("{\"id\":\"a\",\"n\":3}"));
}

#[tokio::test]
async fn line_breaks_between_tokens_become_spaces() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    apply(&store, upsert(1, "{\r\n\"id\":\"a\"\n}")).await;
    assert_eq!(read(&store).await.as_deref(), Some("{  \"id\":\"a\" }"));
}

#[tokio::test]
async fn versions_of_63_bits_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let most = Version::MAX.number();
    assert_eq!(apply(&store, upsert(most, "{\"id\":\"a\"}")).await, Outcome::Applied);
    assert_eq!(apply(&store, upsert(most, "{\"id\":\"a\"}")).await, Outcome::Unchanged);
    assert_eq!(apply(&store, upsert(most - 1, "{\"id\":\"a\"}")).await, Outcome::Stale(Some(Version::MAX)));
}
