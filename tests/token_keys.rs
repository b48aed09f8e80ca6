//! Keys of a key server: the number of its requests, the keys taken from it, and requests while it fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures_util::future::{join_all, pending};
use futures_util::stream::{self, StreamExt};
use jsonwebtoken::Algorithm;
use serde_json::json;
use shared::auth::KeySet;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::{Claims, Gate, Reply, Server, TestKey, expect_no_keys, expect_search_401, expect_vault_401};

const UNKNOWN_KEY: &str = "JWT key is unknown";
const SIGNATURE: &str = "JWT signature is invalid";

/// Number of made-up tokens in a flood, and of those sent at once.
const FLOOD: usize = 1_000;
const AT_ONCE: usize = 32;

const LIST: &str = "/vault/api/v1/user/alice/secrets";
const DOCUMENT: &str = "/search/identities/one";

/// Answer of a key server.
#[derive(Clone)]
enum Answer {
    /// 200 and this text.
    Text(String),
    /// This status, and a text that would be a good key set.
    Status(u16, String),
    /// 302 to a place where good keys are.
    Redirect(String),
    /// Nothing, ever.
    Silence,
    /// A status and half a key set, then nothing.
    Half,
    /// Bytes without end, counted.
    Endless(Arc<AtomicUsize>),
}

/// A key server that counts its requests, and their paths.
struct KeyServer {
    address: std::net::SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: watch::Receiver<Vec<String>>,
}

impl KeyServer {
    async fn start(answer: Answer) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let (asking, asked) = watch::channel(Vec::new());
        let (given, asking) = (answer.clone(), Arc::new(asking));
        let router = Router::new().fallback(move |request: axum::extract::Request| {
            asking.send_modify(|asked| asked.push(format!("{} {}", request.method(), request.uri())));
            let answer = given.lock().unwrap().clone();
            respond(answer)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, answer, asked }
    }

    fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn fetches(&self) -> usize {
        self.asked.borrow().len()
    }

    /// A server that has its keys from here.
    async fn gate(&self) -> Gate {
        Gate::start(Server::builder().setting("COFFER_JWT_JWKS_URL", self.url())).await
    }
}

async fn respond(answer: Answer) -> Response {
    let response = Response::builder();
    match answer {
        Answer::Text(text) => response.body(Body::from(text)),
        Answer::Status(status, text) => response.status(status).body(Body::from(text)),
        Answer::Redirect(to) => response.status(302).header("location", to).body(Body::empty()),
        Answer::Silence => pending().await,
        Answer::Half => {
            let half = stream::once(async { Ok::<_, std::io::Error>("{\"keys\":[") });
            response.body(Body::from_stream(half.chain(stream::pending())))
        }
        Answer::Endless(sent) => {
            let chunk = "x".repeat(16 * 1024);
            let chunks = stream::repeat_with(move || {
                sent.fetch_add(chunk.len(), Ordering::Relaxed);
                Ok::<_, std::io::Error>(chunk.clone())
            });
            response.body(Body::from_stream(chunks))
        }
    }
    .unwrap()
}

fn keys(keys: &[&TestKey]) -> Answer {
    Answer::Text(TestKey::key_set(keys))
}

/// A key set that is good but for its length.
fn padded(key: &TestKey, length: usize) -> Answer {
    let set = TestKey::key_set(&[key]);
    Answer::Text(format!("{set}{}", " ".repeat(length - set.len())))
}

fn good(key: &TestKey) -> String {
    key.sign(&Claims::good())
}

/// The answers to made-up tokens, each with a key id of its own, half of them at either API.
async fn flood(gate: &Gate) -> (Vec<Reply>, Vec<Reply>) {
    let stranger = TestKey::ed25519("stranger");
    let ask = async |path: &str, number: usize| {
        let token = stranger.sign_header(&stranger.header_with("kid", json!(format!("made-up-{number}"))));
        gate.client(&token).get(path).await
    };
    let requests = stream::iter(0..FLOOD / 2);
    requests
        .map(|number| async move { (ask(LIST, number).await, ask(DOCUMENT, FLOOD - number).await) })
        .buffer_unordered(AT_ONCE / 2)
        .unzip()
        .await
}

#[tokio::test]
async fn a_key_set_is_fetched_once_for_many_requests() {
    let key = TestKey::ed25519("key");
    let server = KeyServer::start(keys(&[&key])).await;
    let gate = server.gate().await;
    assert_eq!(server.fetches(), 0, "nothing is fetched before a token is there");
    for _ in 0..20 {
        gate.accepts(&good(&key)).await;
    }
    assert_eq!(*server.asked.borrow(), ["GET /keys"]);
}

#[tokio::test]
async fn what_is_no_token_causes_no_fetch() {
    let server = KeyServer::start(keys(&[&TestKey::ed25519("key")])).await;
    let gate = server.gate().await;
    gate.refuses_client(&gate.server.anonymous(), "no authorization header").await;
    gate.refuses("a.b", "JWT is malformed").await;
    let key = TestKey::ed25519("key");
    gate.refuses(&key.sign_header(&key.header_with("jku", json!(server.url()))), "JWT header is not accepted").await;
    assert_eq!(server.fetches(), 0);
}

#[tokio::test]
async fn many_wrong_signatures_cause_one_further_fetch() {
    let key = TestKey::ed25519("key");
    let server = KeyServer::start(keys(&[&key])).await;
    let gate = server.gate().await;
    gate.accepts(&good(&key)).await;
    let (stranger, another) = (TestKey::ed25519("key"), TestKey::ec("key", Algorithm::ES256));
    for _ in 0..20 {
        gate.refuses(&good(&stranger), SIGNATURE).await;
        gate.refuses(&stranger.sign_header(&json!({ "alg": "EdDSA" })), SIGNATURE).await;
        gate.refuses(&good(&another), "JWT algorithm is not accepted").await;
    }
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn an_algorithm_that_is_never_accepted_causes_no_further_fetch() {
    let key = TestKey::ed25519("key");
    let server = KeyServer::start(keys(&[&key])).await;
    let gate = server.gate().await;
    gate.accepts(&good(&key)).await;
    for algorithm in ["HS256", "none", "ES256K", ""] {
        let token = key.sign_header(&key.header_with("alg", json!(algorithm)));
        gate.refuses(&token, "JWT algorithm is not accepted").await;
    }
    assert_eq!(server.fetches(), 1);
}

/// Another key under the id that a token names: of the same type, or of another.
macro_rules! found_under_a_known_id {
    ($($name:ident: $old:expr, $new:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (old, new): (TestKey, TestKey) = ($old, $new);
            let server = KeyServer::start(keys(&[&old])).await;
            let gate = server.gate().await;
            gate.accepts(&good(&old)).await;
            server.answers(keys(&[&new]));
            let tokens: Vec<_> = (0..AT_ONCE).map(|_| good(&new)).collect();
            join_all(tokens.iter().map(|token| gate.accepts(token))).await;
            assert_eq!(server.fetches(), 2);
        }
    )+};
}

found_under_a_known_id! {
    new_key_material_under_a_known_id_is_found_with_one_fetch: TestKey::ed25519("key"), TestKey::ed25519("key");
    a_key_of_another_type_under_a_known_id_is_found_with_one_fetch:
        TestKey::rsa("key", Algorithm::RS256), TestKey::ec("key", Algorithm::ES256);
    another_algorithm_under_a_known_id_is_found_with_one_fetch:
        TestKey::rsa("key", Algorithm::RS256).publishing("alg", json!("RS256")),
        TestKey::rsa("key", Algorithm::PS256).publishing("alg", json!("PS256"));
    new_key_material_without_an_id_is_found_with_one_fetch:
        TestKey::ed25519("old").publishing("kid", json!(null)), TestKey::ed25519("new").publishing("kid", json!(null));
}

#[tokio::test]
async fn a_wrong_signature_is_refused_while_the_server_fails() {
    let (key, stranger) = (TestKey::ed25519("key"), TestKey::ed25519("key"));
    let server = KeyServer::start(keys(&[&key])).await;
    let gate = server.gate().await;
    gate.accepts(&good(&key)).await;
    server.answers(Answer::Status(500, TestKey::key_set(&[&stranger])));
    for _ in 0..5 {
        gate.refuses(&good(&stranger), SIGNATURE).await;
        gate.accepts(&good(&key)).await;
    }
    assert_eq!(server.fetches(), 2);
}

macro_rules! floods {
    ($($name:ident: $answer:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (key, new) = (TestKey::ed25519("key"), TestKey::ed25519("made-up-1"));
            let server = KeyServer::start(keys(&[&key])).await;
            let gate = server.gate().await;
            gate.accepts(&good(&key)).await;
            assert_eq!(server.fetches(), 1);
            let answer: fn(&TestKey, &TestKey) -> Answer = $answer;
            server.answers(answer(&key, &new));
            let known = async {
                for _ in 0..20 {
                    gate.accepts(&good(&key)).await;
                }
            };
            let ((vault, search), ()) = tokio::join!(flood(&gate), known);
            assert_eq!(vault.len() + search.len(), FLOOD);
            vault.iter().for_each(|reply| expect_vault_401(reply, UNKNOWN_KEY));
            search.iter().for_each(|reply| expect_search_401(reply, UNKNOWN_KEY));
            // One for the keys, one for the first unknown key id.
            assert_eq!(server.fetches(), 2);
            gate.accepts(&good(&key)).await;
            assert_eq!(server.fetches(), 2);
        }
    )+};
}

floods! {
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_that_fails:
        |_, new| Answer::Status(500, TestKey::key_set(&[new]));
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_that_hangs: |_, _| Answer::Silence;
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_that_hangs_in_the_body: |_, _| Answer::Half;
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_that_sends_ten_megabytes: |_, new| padded(new, 10_000_000);
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_that_never_ends: |_, _| Answer::Endless(Arc::default());
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_that_answers_garbage:
        |_, _| Answer::Text("{\"keys\":".to_owned());
    a_flood_of_unknown_key_ids_costs_one_fetch_of_a_server_with_other_keys:
        |key, _| keys(&[key, &TestKey::ed25519("other")]);
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_before_there_are_keys_costs_one_fetch() {
    let key = TestKey::ed25519("key");
    let server = KeyServer::start(keys(&[&key])).await;
    let gate = server.gate().await;
    let (vault, search) = flood(&gate).await;
    vault.iter().for_each(|reply| expect_vault_401(reply, UNKNOWN_KEY));
    search.iter().for_each(|reply| expect_search_401(reply, UNKNOWN_KEY));
    gate.accepts(&good(&key)).await;
    assert_eq!(server.fetches(), 1);
}

macro_rules! first_fetch_fails {
    ($($name:ident: $answer:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("made-up-1");
            let answer: fn(&TestKey) -> Answer = $answer;
            let server = KeyServer::start(answer(&key)).await;
            let gate = server.gate().await;
            let (vault, search) = flood(&gate).await;
            assert_eq!(vault.len() + search.len(), FLOOD);
            vault.iter().zip(&search).for_each(|(vault, search)| expect_no_keys(vault, search));
            assert_eq!(server.fetches(), 1);
        }
    )+};
}

first_fetch_fails! {
    without_keys_nobody_is_refused_or_let_in_while_the_server_fails:
        |key| Answer::Status(500, TestKey::key_set(&[key]));
    without_keys_nobody_is_refused_or_let_in_while_the_server_hangs: |_| Answer::Silence;
    without_keys_nobody_is_refused_or_let_in_while_the_server_sends_ten_megabytes: |key| padded(key, 10_000_000);
}

/// A set that is not taken, though its content may look like one.
macro_rules! not_taken {
    ($($name:ident: $answer:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let answer: fn(&TestKey) -> Answer = $answer;
            let server = KeyServer::start(answer(&key)).await;
            let gate = server.gate().await;
            let (vault, search) = gate.ask(&gate.client(&good(&key))).await;
            expect_no_keys(&vault, &search);
            assert_eq!(*server.asked.borrow(), ["GET /keys"]);
        }
    )+};
}

not_taken! {
    a_key_set_above_64_kib_is_not_taken: |key| padded(key, KeySet::MAX_BYTES + 1);
    a_key_set_of_another_status_is_not_taken: |key| Answer::Status(203, TestKey::key_set(&[key]));
    an_empty_answer_is_not_taken: |_| Answer::Text(String::new());
    a_page_is_not_taken: |_| Answer::Text("<!doctype html><title>Sign in</title>".to_owned());
    a_key_set_without_keys_is_not_taken: |_| Answer::Text(json!({ "keys": [] }).to_string());
    a_key_set_of_symmetric_keys_is_not_taken:
        |_| Answer::Text(json!({ "keys": [{ "kty": "oct", "kid": "key", "k": "AAAA" }] }).to_string());
    a_single_key_is_not_taken_for_a_set: |key| Answer::Text(key.public.to_string());
    a_key_set_in_pem_is_not_taken: |key| Answer::Text(key.public_pem());
}

/// The keys of the server that it points to are not those of the configured server.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let key = TestKey::ed25519("key");
    let elsewhere = KeyServer::start(keys(&[&key])).await;
    let server = KeyServer::start(Answer::Redirect(elsewhere.url())).await;
    let gate = server.gate().await;
    let (vault, search) = gate.ask(&gate.client(&good(&key))).await;
    expect_no_keys(&vault, &search);
    assert_eq!((server.fetches(), elsewhere.fetches()), (1, 0));
}

#[tokio::test]
async fn a_key_set_without_end_is_not_read_to_the_time_limit() {
    let sent = Arc::new(AtomicUsize::new(0));
    let server = KeyServer::start(Answer::Endless(sent.clone())).await;
    let gate = server.gate().await;
    let (vault, search) = gate.ask(&gate.client(&good(&TestKey::ed25519("key")))).await;
    expect_no_keys(&vault, &search);
    // Far more than is read, for sockets have buffers; far less than goes through one within the time limit.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 16 * 1024 * 1024, "{sent}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_fault_of_ours() {
    let key = TestKey::ed25519("key");
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gate = Gate::start(Server::builder().setting("COFFER_JWT_JWKS_URL", format!("http://{free}/keys"))).await;
    let (vault, search) = gate.ask(&gate.client(&good(&key))).await;
    expect_no_keys(&vault, &search);
}

#[tokio::test]
async fn a_key_set_of_64_kib_is_taken() {
    let key = TestKey::ed25519("key");
    let server = KeyServer::start(padded(&key, KeySet::MAX_BYTES)).await;
    server.gate().await.accepts(&good(&key)).await;
}

#[tokio::test]
async fn a_byte_order_mark_before_a_key_set_is_skipped() {
    let key = TestKey::ed25519("key");
    let server = KeyServer::start(Answer::Text(format!("\u{feff}{}", TestKey::key_set(&[&key])))).await;
    server.gate().await.accepts(&good(&key)).await;
}

#[tokio::test]
async fn a_new_key_is_found_by_its_id_with_one_fetch() {
    let (old, new) = (TestKey::ed25519("old"), TestKey::ed25519("new"));
    let server = KeyServer::start(keys(&[&old])).await;
    let gate = server.gate().await;
    gate.accepts(&good(&old)).await;
    server.answers(keys(&[&old, &new]));
    let tokens: Vec<_> = (0..AT_ONCE).map(|_| good(&new)).collect();
    join_all(tokens.iter().map(|token| gate.accepts(token))).await;
    gate.accepts(&good(&old)).await;
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_is_not_accepted_after_the_next_fetch() {
    let (old, new) = (TestKey::ed25519("old"), TestKey::ed25519("new"));
    let server = KeyServer::start(keys(&[&old])).await;
    let gate = server.gate().await;
    let token = good(&old);
    gate.accepts(&token).await;
    server.answers(keys(&[&new]));
    gate.accepts(&good(&new)).await;
    gate.refuses(&token, UNKNOWN_KEY).await;
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn a_token_that_was_let_in_is_refused_when_another_key_has_its_id() {
    let (old, other, new) = (TestKey::ed25519("one"), TestKey::ed25519("one"), TestKey::ed25519("new"));
    let server = KeyServer::start(keys(&[&old])).await;
    let gate = server.gate().await;
    let token = good(&old);
    gate.accepts(&token).await;
    server.answers(keys(&[&other, &new]));
    gate.accepts(&good(&new)).await;
    gate.refuses(&token, SIGNATURE).await;
}
