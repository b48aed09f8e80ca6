//! Tests of the pipeline over a store of their own.

use std::sync::atomic::{AtomicUsize, Ordering};

use shared::names::DocumentId;
use shared::search::{DocumentBytes, StoredVersions, Version};

use super::*;
use crate::cli::load::refused::Target;

/// A store that answers as a test says, by the number of the call and the changes.
struct Store<F> {
    answer: F,
    calls: AtomicUsize,
    under_way: AtomicUsize,
    /// Number of calls under way when each began, itself with them.
    seen: Mutex<Vec<usize>>,
}

impl<F> Store<F> {
    fn new(answer: F) -> Self {
        Self { answer, calls: AtomicUsize::new(0), under_way: AtomicUsize::new(0), seen: Mutex::default() }
    }
}

impl<F: Fn(usize, &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> + Send + Sync> WriteDocuments for Store<F> {
    async fn apply(&self, _: IndexName, changes: &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(self.under_way.fetch_add(1, Ordering::SeqCst) + 1);
        // As long as others need to begin.
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        (self.answer)(call, changes)
    }
}

impl<F: Send + Sync> ReadVersions for Store<F> {
    async fn versions(&self, _: IndexName, ids: &[DocumentId]) -> Result<StoredVersions, DocumentStoreError> {
        Ok(StoredVersions { versions: vec![None; ids.len()], unread: None })
    }
}

fn applied(changes: &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> {
    Ok(vec![Outcome::Applied; changes.len()])
}

fn throttled(seconds: u64) -> DocumentStoreError {
    DocumentStoreError::Throttled { reason: "full".to_owned(), retry_after_seconds: Some(seconds) }
}

/// Batches of two documents each.
fn batches(count: u64) -> mpsc::Receiver<Message> {
    let (sender, receiver) = mpsc::channel(100);
    for number in 0..count {
        let position = |line| Position { file: 0, line };
        let entry = |line: u64| Entry {
            position: position(line),
            given: None,
            change: Change {
                id: DocumentId::parse(line.to_string()).unwrap(),
                version: Version::new(1).unwrap(),
                operation: Operation::Upsert(DocumentBytes::new("{}".into()).unwrap()),
            },
        };
        let first = number * 2 + 1;
        let entries = vec![entry(first), entry(first + 1)];
        let (start, next) = (position(first), position(first + 2));
        let batch = Batch { start, next, entries, refused: Vec::new(), bytes: 4 };
        sender.try_send(Message::Batch(batch)).unwrap();
    }
    sender.try_send(Message::End).unwrap();
    receiver
}

async fn run<F>(store: &Store<F>, count: u64, give_up_after: Duration, stop: impl Future<Output = ()>) -> Ended
where
    F: Fn(usize, &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> + Send + Sync,
{
    run_on(store, batches(count), give_up_after, stop).await
}

async fn run_on<F>(
    store: &Store<F>,
    batches: mpsc::Receiver<Message>,
    give_up_after: Duration,
    stop: impl Future<Output = ()>,
) -> Ended
where
    F: Fn(usize, &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> + Send + Sync,
{
    let progress = Progress::start("roles", None);
    let refusals = Mutex::new(Refusals::new(Target::FirstFree("never made".into()), progress.clone()).unwrap());
    let pipeline = Pipeline {
        store,
        index: IndexName::Roles,
        names: vec!["file".to_owned()],
        refusals: &refusals,
        progress,
        mix_versions: true,
        give_up_after,
    };
    pipeline.run(batches, Position { file: 0, line: 1 }, stop).await
}

#[tokio::test]
async fn a_load_ends_behind_the_last_line() {
    let store = Store::new(|_, changes: &[Change]| applied(changes));
    let ended = run(&store, 10, Duration::from_secs(60), std::future::pending()).await;
    assert_eq!((ended.how, ended.tally.loaded, ended.next.line), (End::Whole, 20, 21));
    assert_eq!(store.seen.lock().unwrap().iter().max(), Some(&MOST));
}

#[tokio::test]
async fn only_what_was_not_taken_of_a_batch_comes_again() {
    let store = Store::new(|call, changes: &[Change]| {
        if call > 0 {
            assert_eq!(changes.iter().map(|change| change.id.as_str()).collect::<Vec<_>>(), ["2"]);
            return Ok(vec![Outcome::Stale(None)]);
        }
        Ok(vec![Outcome::Applied, Outcome::Failed(throttled(0))])
    });
    let ended = run(&store, 1, Duration::from_secs(60), std::future::pending()).await;
    assert_eq!((ended.how, ended.tally.loaded, ended.tally.older), (End::Whole, 1, 1));
}

#[tokio::test]
async fn a_store_that_can_not_take_so_many_gets_one_at_a_time_and_more_later() {
    let store = Store::new(|call, changes: &[Change]| if call < MOST { Err(throttled(0)) } else { applied(changes) });
    let ended = run(&store, 60, Duration::from_secs(60), std::future::pending()).await;
    assert_eq!((ended.how, ended.tally.loaded), (End::Whole, 120));
    let seen = store.seen.lock().unwrap();
    let steady = usize::try_from(STEADY).unwrap();
    assert_eq!(seen[..MOST], [1, 2, 3, 4]);
    assert!(seen[MOST..MOST + steady].iter().all(|under_way| *under_way == 1), "{seen:?}");
    assert_eq!(seen[MOST + steady..].iter().max(), Some(&MOST), "{seen:?}");
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_given_up_at_the_earliest_line_that_is_not_done() {
    let error = DocumentStoreError::Failed("broken".to_owned());
    let store = Store::new(|call, changes: &[Change]| if call == 0 { applied(changes) } else { Err(error.clone()) });
    let ended = run(&store, 9, Duration::from_millis(500), std::future::pending()).await;
    assert_eq!((ended.tally.loaded, ended.next.line), (2, 3));
    assert!(matches!(&ended.how, End::Failed(reason) if reason.contains("broken")), "{:?}", ended.how);
}

#[tokio::test]
async fn what_is_under_way_ends_when_a_load_is_stopped_and_nothing_else_begins() {
    let store = Store::new(|call, changes: &[Change]| if call == 0 { Err(throttled(60)) } else { applied(changes) });
    // Before any call has ended.
    let ended = run(&store, 9, Duration::from_secs(60), tokio::time::sleep(Duration::from_millis(10))).await;
    let begun = store.calls.load(Ordering::SeqCst);
    assert_eq!((ended.how, ended.next.line), (End::Stopped, 1));
    assert!(begun <= MOST && ended.tally.loaded == 2 * (begun as u64 - 1), "{begun}");
}

#[tokio::test]
async fn input_that_ends_without_a_message_is_no_whole_load() {
    let store = Store::new(|_, changes: &[Change]| applied(changes));
    let (sender, receiver) = mpsc::channel(1);
    drop(sender);
    let ended = run_on(&store, receiver, Duration::from_secs(60), std::future::pending()).await;
    assert_eq!((ended.how, ended.next.line), (End::Failed(LOST.to_owned()), 1));
}
