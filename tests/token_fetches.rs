//! Requests while keys are being fetched. The module reaches behind HTTP to stand in the key server's place: a fetch
//! is held open for as long as a test wants.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use shared::auth::{AcceptedValues, Authenticator, JwksClient, TokenRules};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::{Claims, Client, Gate, Reply, Server, TestKey, expect_no_keys, expect_search_401};

const UNKNOWN_KEY: &str = "JWT key is unknown";

/// Time limit of a condition to come true.
const PATIENCE: Duration = Duration::from_secs(60);

const DOCUMENT: &str = "/search/identities/one";

fn good(key: &TestKey) -> String {
    key.sign(&Claims::good())
}

/// A fetch that a test holds open and ends when it likes.
#[derive(Clone)]
struct HeldFetch {
    started: watch::Sender<usize>,
    dropped: watch::Sender<usize>,
    /// Answer of the n-th fetch; the last one holds for all that follow. `None` keeps it waiting.
    answers: watch::Sender<Vec<Option<String>>>,
}

/// Counts a fetch that ends before it has its answer.
struct Unfinished(watch::Sender<usize>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.send_modify(|dropped| *dropped += 1);
    }
}

impl HeldFetch {
    fn new(answers: Vec<Option<String>>) -> Self {
        Self { started: watch::Sender::new(0), dropped: watch::Sender::new(0), answers: watch::Sender::new(answers) }
    }

    async fn gate(&self) -> Gate {
        let this = self.clone();
        let fetch = move || {
            let this = this.clone();
            let fetch: BoxFuture<'static, _> = Box::pin(async move {
                let number = *this.started.borrow();
                this.started.send_modify(|started| *started += 1);
                let unfinished = Unfinished(this.dropped.clone());
                let mut answers = this.answers.subscribe();
                let answer = |answers: &Vec<Option<String>>| answers.get(number).or(answers.last()).cloned().flatten();
                let text = answers.wait_for(|answers| answer(answers).is_some()).await.map(|answers| answer(&answers));
                std::mem::forget(unfinished);
                Ok(text.unwrap().unwrap())
            });
            fetch
        };
        let claims = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let rules = TokenRules {
            issuers: AcceptedValues::Any,
            audiences: AcceptedValues::Any,
            user_claims: claims(&["sub"]),
            scope_claims: claims(&["scope"]),
            scope_prefix: String::new(),
            role_claims: Vec::new(),
            authority_claims: claims(&["authorities"]),
            leeway_seconds: 0,
        };
        let authenticator = Authenticator::with_jwks_client(JwksClient::new(Box::new(fetch)), rules);
        Gate::start(Server::builder().authenticator(authenticator)).await
    }

    /// Lets all fetches end with this.
    fn end(&self, text: String) {
        self.answers.send_replace(vec![Some(text)]);
    }
}

async fn until(counter: &watch::Sender<usize>, count: usize) {
    let mut counter = counter.subscribe();
    timeout(PATIENCE, counter.wait_for(|now| *now >= count)).await.expect("it in time").unwrap();
}

/// Sends a request and doesn't wait for its answer.
fn send(client: Client, path: &'static str) -> tokio::task::JoinHandle<Reply> {
    tokio::spawn(async move { client.get(path).await })
}

/// Lets everything that can go on do so; all of it runs on the test's one thread.
async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_requests_before_there_are_keys_wait_for_one_fetch() {
    let key = TestKey::ed25519("key");
    let fetch = HeldFetch::new(vec![None]);
    let gate = fetch.gate().await;
    let requests: Vec<_> = (0..64).map(|_| send(gate.client(&good(&key)), DOCUMENT)).collect();
    until(&fetch.started, 1).await;
    settle().await;
    assert!(requests.iter().all(|request| !request.is_finished()));
    fetch.end(TestKey::key_set(&[&key]));
    for request in requests {
        request.await.unwrap().expect_status(200);
    }
    assert_eq!(*fetch.started.borrow(), 1);
}

#[tokio::test]
async fn tokens_of_known_keys_do_not_wait_for_a_fetch_for_unknown_ones() {
    let (key, stranger) = (TestKey::ed25519("key"), TestKey::ed25519("stranger"));
    let fetch = HeldFetch::new(vec![Some(TestKey::key_set(&[&key])), None]);
    let gate = fetch.gate().await;
    gate.accepts(&good(&key)).await;
    let refused: Vec<_> = (0..8).map(|_| send(gate.client(&good(&stranger)), DOCUMENT)).collect();
    until(&fetch.started, 2).await;
    gate.accepts(&good(&key)).await;
    gate.accepts(&key.sign_header(&json!({ "alg": "EdDSA" }))).await;
    assert!(refused.iter().all(|request| !request.is_finished()));
    fetch.end(TestKey::key_set(&[&key]));
    for request in refused {
        expect_search_401(&request.await.unwrap(), UNKNOWN_KEY);
    }
    assert_eq!(*fetch.started.borrow(), 2);
}

/// Goes away in the middle of the fetch that its request caused.
async fn leave_in_mid_fetch(fetch: &HeldFetch, gate: &Gate, number: usize) {
    let request = send(gate.client(&good(&TestKey::ed25519("stranger"))), DOCUMENT);
    until(&fetch.started, number).await;
    request.abort();
    until(&fetch.dropped, 1).await;
}

#[tokio::test]
async fn a_request_that_is_dropped_in_the_first_fetch_does_not_free_the_slot() {
    let fetch = HeldFetch::new(vec![None]);
    let gate = fetch.gate().await;
    leave_in_mid_fetch(&fetch, &gate, 1).await;
    let key = TestKey::ed25519("key");
    fetch.end(TestKey::key_set(&[&key]));
    for _ in 0..50 {
        let (vault, search) = gate.ask(&gate.client(&good(&key))).await;
        expect_no_keys(&vault, &search);
    }
    assert_eq!(*fetch.started.borrow(), 1);
}

#[tokio::test]
async fn a_request_that_is_dropped_in_the_fetch_for_an_unknown_key_does_not_free_the_slot() {
    let (key, new) = (TestKey::ed25519("key"), TestKey::ed25519("new"));
    let fetch = HeldFetch::new(vec![Some(TestKey::key_set(&[&key])), None]);
    let gate = fetch.gate().await;
    gate.accepts(&good(&key)).await;
    leave_in_mid_fetch(&fetch, &gate, 2).await;
    fetch.end(TestKey::key_set(&[&key, &new]));
    for _ in 0..50 {
        gate.refuses(&good(&new), UNKNOWN_KEY).await;
        gate.accepts(&good(&key)).await;
    }
    assert_eq!(*fetch.started.borrow(), 2);
}
