//! The search contract over OpenSearch: its requests, its answers and its faults. A listener plays OpenSearch byte for
//! byte, for no cluster fails on demand; the endpoint is called as Lambda calls it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_dynamodb::config::Region;
use bytes::Bytes;
use get_document::GetDocument;
use local::gateway::{answer_json, event_json, to_http};
use serde_json::{Value, json};
use shared::auth::{AcceptedValues, Authenticator, KeySet, TokenRules};
use shared::clients::{Connections, Issuer};
use shared::deps::SearchDeps;
use shared::http::{GATEWAY_RESPONSE_LIMIT, serve_event};
use shared::search::{OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings, SearchRules};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::search::EXAMPLES;
use crate::support::{Claims, Cluster, Reply, TestKey, search_fault};

fn settings(address: SocketAddr) -> OpenSearchSettings {
    OpenSearchSettings {
        url: format!("http://{address}").parse().unwrap(),
        auth: OpenSearchAuth::None,
        alias_prefix: "coffer-".to_owned(),
        timeout: Duration::from_secs(20),
        max_document_bytes: GATEWAY_RESPONSE_LIMIT,
    }
}

/// Answer of the function `get-document` to a permitted reader.
async fn get(settings: OpenSearchSettings, path: &str) -> Reply {
    let key = TestKey::ed25519("k");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let rules = TokenRules {
        issuers: AcceptedValues::Any,
        audiences: AcceptedValues::Any,
        user_claims: words(&["sub"]),
        scope_claims: words(&["scope"]),
        scope_prefix: String::new(),
        role_claims: words(&["roles"]),
        authority_claims: words(&["authorities"]),
        leeway_seconds: 30,
    };
    let endpoint = GetDocument::new(SearchDeps {
        authenticator: Authenticator::with_keys(KeySet::from_jwks(&TestKey::key_set(&[&key])).unwrap(), rules),
        documents: OpenSearchDocuments::new(&Connections::new(Issuer::Any, []).unwrap(), settings).unwrap(),
        rules: SearchRules { authorities: words(&["ORG_ADMIN"]) },
        add_type: false,
    });
    let request = http::Request::get(path)
        .header("host", "search.example")
        .header("authorization", format!("Bearer {}", key.sign(&Claims::good())))
        .body(())
        .unwrap();
    let (head, ()) = request.into_parts();
    let event = event_json(&head, &Bytes::new(), "/search/{index}/{id}", Ipv4Addr::LOCALHOST.into()).unwrap();
    let answer = serve_event(&endpoint, serde_json::from_str(&event).unwrap()).await;
    let (head, body) = to_http(&answer_json(answer).unwrap()).unwrap().into_parts();
    Reply { status: head.status.as_u16(), headers: head.headers, body }
}

/// The same, with the settings as they usually are.
async fn read(cluster: &Cluster, path: &str) -> Reply {
    get(settings(cluster.address), path).await
}

/// An answer with the length of its body.
fn answer(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK\r\ncontent-type: application/json; charset=UTF-8", body)
}

/// An answer in one chunk, with a length that is not known beforehand.
fn chunked(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes()
}

/// An error in OpenSearch's words.
fn error(status: &str, kind: &str) -> Vec<u8> {
    let number: u16 = status[..3].parse().unwrap();
    let cause = json!({ "type": kind, "reason": "…" });
    let body = json!({ "error": { "root_cause": [cause], "type": kind, "reason": "…" }, "status": number });
    answer(&format!("{status}\r\ncontent-type: application/json; charset=UTF-8"), body.to_string())
}

fn internal_fault() -> Value {
    search_fault("500.0 Internal Fault", "An internal fault occurred.")
}

// The request.

#[tokio::test]
async fn a_document_of_each_index_is_read_from_its_alias_byte_for_byte() {
    for (index, id, document) in EXAMPLES {
        let cluster = Cluster::answering(ok(document)).await;
        let reply = read(&cluster, &format!("/search/{index}/{id}")).await;
        assert_eq!((reply.status, reply.text()), (200, document));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(cluster.request_line(), format!("GET /coffer-{index}/_source/{id} HTTP/1.1"));
    }
}

#[tokio::test]
async fn an_alias_without_a_prefix_is_the_name_of_the_index() {
    let cluster = Cluster::answering(ok("{}")).await;
    let settings = OpenSearchSettings { alias_prefix: String::new(), ..settings(cluster.address) };
    assert_eq!(get(settings, "/search/roles/1").await.expect_status(200).text(), "{}");
    assert_eq!(cluster.request_line(), "GET /roles/_source/1 HTTP/1.1");
}

macro_rules! asked {
    ($($name:ident: $id:literal => $asked:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let cluster = Cluster::answering(ok("{}")).await;
            let reply = read(&cluster, &format!("/search/events/{}", $id)).await;
            assert_eq!(reply.expect_status(200).text(), "{}");
            assert_eq!(cluster.request_line(), format!("GET /coffer-events/_source/{} HTTP/1.1", $asked));
        }
    )*};
}

asked! {
    a_slash_in_an_id_stays_encoded: "a%2Fb" => "a%2Fb";
    a_percent_sign_in_an_id_is_encoded_again: "a%252Fb" => "a%252Fb";
    a_plus_in_an_id_is_encoded: "a+b" => "a%2Bb";
    a_space_in_an_id_is_encoded: "a%20b" => "a%20b";
    letters_beyond_ascii_in_an_id_are_encoded: "%C3%BC" => "%C3%BC";
    what_ends_a_path_is_encoded_in_an_id: "a%3Fpretty%23b%3Bc" => "a%3Fpretty%23b%3Bc";
    a_backslash_in_an_id_is_encoded: "..%5Cb" => "..%5Cb";
    three_dots_are_an_id: "..." => "...";
    a_way_upwards_is_an_id: "..%2F_search" => "..%2F_search";
}

#[tokio::test]
async fn compression_is_not_asked_for() {
    let cluster = Cluster::answering(ok("{}")).await;
    read(&cluster, "/search/roles/1").await.expect_status(200);
    assert_eq!(cluster.header("accept-encoding").as_deref(), Some("identity"));
}

#[tokio::test]
async fn what_the_client_sent_is_not_passed_on() {
    let cluster = Cluster::answering(ok("{}")).await;
    read(&cluster, "/search/roles/1?pretty&_source_includes=x").await.expect_status(200);
    assert_eq!(cluster.request_line(), "GET /coffer-roles/_source/1 HTTP/1.1");
    assert_eq!(cluster.header("authorization"), None);
}

#[tokio::test]
async fn user_and_password_are_sent_where_they_are_set() {
    let cluster = Cluster::answering(ok("{}")).await;
    let auth = OpenSearchAuth::Basic { user: "reader".to_owned(), password: Zeroizing::new("pass:word".to_owned()) };
    let settings = OpenSearchSettings { auth, ..settings(cluster.address) };
    get(settings, "/search/roles/1").await.expect_status(200);
    // base64 of reader:pass:word
    assert_eq!(cluster.header("authorization").as_deref(), Some("Basic cmVhZGVyOnBhc3M6d29yZA=="));
}

#[tokio::test]
async fn a_request_is_signed_where_aws_hosts_the_cluster() {
    let cluster = Cluster::answering(ok("{}")).await;
    let credentials = Credentials::from_keys("AKIDEXAMPLE", "secret-key", Some("session".to_owned()));
    let auth = OpenSearchAuth::SigV4 {
        region: Region::new("eu-central-1"),
        credentials: SharedCredentialsProvider::new(credentials),
    };
    let settings = OpenSearchSettings { auth, ..settings(cluster.address) };
    assert_eq!(get(settings, "/search/roles/a%2Fb").await.expect_status(200).text(), "{}");
    assert_eq!(cluster.request_line(), "GET /coffer-roles/_source/a%2Fb HTTP/1.1");
    let date = cluster.header("x-amz-date").expect("the time of the signature");
    let authorization = cluster.header("authorization").expect("a signature");
    let scope = format!("{}/eu-central-1/es/aws4_request", &date[..8]);
    let start = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders=");
    let rest = authorization.strip_prefix(&start).unwrap_or_else(|| panic!("{authorization}"));
    let (headers, signature) = rest.split_once(", Signature=").unwrap();
    assert!(headers.split(';').any(|name| name == "host"), "{headers}");
    assert!(signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit()), "{signature}");
    assert_eq!(cluster.header("x-amz-security-token").as_deref(), Some("session"));
    assert!(!authorization.contains("secret-key"));
}

/// Credentials that can't be had.
#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("none in this test")))
    }
}

#[tokio::test]
async fn a_request_that_can_not_be_signed_is_an_internal_fault_and_is_not_sent() {
    let cluster = Cluster::answering(ok("{}")).await;
    let auth = OpenSearchAuth::SigV4 {
        region: Region::new("eu-central-1"),
        credentials: SharedCredentialsProvider::new(NoCredentials),
    };
    let settings = OpenSearchSettings { auth, ..settings(cluster.address) };
    get(settings, "/search/roles/1").await.expect_search_error(500, &internal_fault());
    assert!(cluster.requests().is_empty());
}

// The missing document.

#[tokio::test]
async fn a_document_that_is_not_there_is_not_found() {
    let cluster = Cluster::answering(error("404 Not Found", "resource_not_found_exception")).await;
    let fault =
        search_fault("404 Not found", "The server did not find a current representation for the target resource.");
    read(&cluster, "/search/roles/1").await.expect_search_error(404, &fault);
    assert_eq!(cluster.request_line(), "GET /coffer-roles/_source/1 HTTP/1.1");
}

// Too many requests.

macro_rules! throttled {
    ($($name:ident: $header:literal => $seconds:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let cluster = Cluster::answering(answer(concat!("429 Too Many Requests", $header), "busy")).await;
            let reply = read(&cluster, "/search/roles/1").await;
            reply.expect(429, &json!({ "message": " Rate Limit Exceeded " }));
            assert_eq!(reply.text(), r#"{"message":" Rate Limit Exceeded "}"#);
            assert_eq!(reply.header("retry-after"), $seconds);
            // The client tries again.
            cluster.request_line();
        }
    )*};
}

throttled! {
    a_busy_cluster_is_asked_again_after_a_second: "" => "1";
    the_pause_that_a_cluster_asks_for_is_passed_on: "\r\nretry-after: 7" => "7";
    no_pause_becomes_a_second: "\r\nretry-after: 0" => "1";
    the_longest_pause_is_passed_on: "\r\nretry-after: 60" => "60";
    a_pause_that_is_too_long_is_cut: "\r\nretry-after: 3600" => "60";
    a_pause_that_is_no_number_becomes_a_second: "\r\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT" => "1";
    a_pause_below_zero_becomes_a_second: "\r\nretry-after: -5" => "1";
}

// Everything else is an internal fault, and is tried once.

macro_rules! internal_faults {
    ($($name:ident: $answer:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let cluster = Cluster::answering($answer).await;
            let reply = read(&cluster, "/search/roles/1").await;
            reply.expect_search_error(500, &internal_fault());
            assert_eq!(reply.header("content-type"), "application/json");
            assert!(!reply.headers.contains_key("retry-after"));
            cluster.request_line();
        }
    )*};
}

internal_faults! {
    an_index_that_is_not_there_is_an_internal_fault: error("404 Not Found", "index_not_found_exception");
    a_404_of_something_else_is_an_internal_fault: answer("404 Not Found", "<html>no such host</html>");
    a_404_of_nothing_is_an_internal_fault: answer("404 Not Found", "");
    a_404_that_is_too_large_is_an_internal_fault: answer("404 Not Found", " ".repeat(65_537));
    a_bad_request_is_an_internal_fault: error("400 Bad Request", "illegal_argument_exception");
    a_password_that_is_wrong_is_an_internal_fault: answer("401 Unauthorized", "Unauthorized");
    a_permission_that_is_missing_is_an_internal_fault: error("403 Forbidden", "security_exception");
    a_failing_cluster_is_an_internal_fault: error("500 Internal Server Error", "null_pointer_exception");
    a_cluster_that_is_away_is_an_internal_fault: error("503 Service Unavailable", "cluster_block_exception");
    a_proxy_that_gives_up_is_an_internal_fault: answer("504 Gateway Timeout", "");
    a_page_is_no_document: answer("200 OK\r\ncontent-type: text/html", "<html>login</html>");
    garbage_is_no_document: ok("\0\u{1}garbage");
    bytes_that_are_no_text_are_no_document: ok(b"{\"a\":\"\xff\"}");
    an_array_is_no_document: ok("[{}]");
    null_is_no_document: ok("null");
    nothing_is_no_document: ok("");
    an_answer_without_content_is_no_document: answer("204 No Content", "");
    a_document_that_is_cut_off_is_no_document: ok(r#"{"a":"#);
    what_is_no_http_is_an_internal_fault: "SSH-2.0-OpenSSH\r\n\r\n";
    an_answer_that_is_no_answer_is_an_internal_fault: "";
    half_a_body_is_an_internal_fault: "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":1}";
    half_a_chunk_is_an_internal_fault: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"a\":1}";
    a_chunk_without_an_end_is_an_internal_fault: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n";
    a_document_above_the_limit_is_an_internal_fault: ok(large(7 * 1024 * 1024));
    a_document_above_the_limit_of_unknown_length_is_an_internal_fault: chunked(&large(7 * 1024 * 1024));
    a_document_that_no_function_could_answer_with_is_an_internal_fault: ok(large(GATEWAY_RESPONSE_LIMIT));
    a_document_that_is_too_large_as_an_event_is_an_internal_fault: ok(format!("{{{}}}", "\"\":0,".repeat(900_000)));
}

/// A document of this many bytes.
fn large(bytes: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - r#"{"a":""}"#.len()))
}

#[tokio::test]
async fn a_document_of_megabytes_comes_back_whether_its_length_is_known_or_not() {
    let document = large(5 * 1024 * 1024);
    for answer in [ok(&document), chunked(&document)] {
        let reply = read(&Cluster::answering(answer).await, "/search/roles/1").await;
        assert_eq!(reply.status, 200);
        assert!(reply.text() == document, "{} bytes", reply.body.len());
    }
}

#[tokio::test]
async fn the_limit_for_documents_holds_whether_their_length_is_known_or_not() {
    for answer in [|body: &str| ok(body), chunked] {
        let document = large(100);
        let cluster = Cluster::answering(answer(&document)).await;
        let limit = |bytes| OpenSearchSettings { max_document_bytes: bytes, ..settings(cluster.address) };
        assert_eq!(get(limit(100), "/search/roles/1").await.expect_status(200).text(), document);
        get(limit(99), "/search/roles/1").await.expect_search_error(500, &internal_fault());
    }
}

#[tokio::test]
async fn a_document_is_passed_on_as_it_is_whatever_it_calls_itself() {
    let document = " {\"b\":1e400, \"a\" : -0,\"a\":null}\n";
    for kind in ["application/json", "application/vnd.opensearch+json", "text/plain"] {
        let answer = answer(&format!("200 OK\r\ncontent-type: {kind}"), document);
        let reply = read(&Cluster::answering(answer).await, "/search/roles/1").await;
        assert_eq!((reply.status, reply.text()), (200, document));
        assert_eq!(reply.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn a_cluster_that_can_not_be_reached_is_an_internal_fault() {
    // The port was free a moment ago, and nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    get(settings(address), "/search/roles/1").await.expect_search_error(500, &internal_fault());
}

/// Reads with a short time limit, and holds the answer to be a fault, and soon.
async fn fails_in_time(cluster: Cluster) {
    let settings = OpenSearchSettings { timeout: Duration::from_millis(200), ..settings(cluster.address) };
    let started = Instant::now();
    get(settings, "/search/roles/1").await.expect_search_error(500, &internal_fault());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    cluster.request_line();
}

#[tokio::test]
async fn a_cluster_that_never_answers_is_an_internal_fault_soon() {
    fails_in_time(Cluster::stalling_after("").await).await;
}

#[tokio::test]
async fn a_cluster_that_stops_in_the_middle_of_a_head_is_an_internal_fault_soon() {
    fails_in_time(Cluster::stalling_after("HTTP/1.1 200 OK\r\ncontent-").await).await;
}

#[tokio::test]
async fn a_cluster_that_stops_in_the_middle_of_a_document_is_an_internal_fault_soon() {
    fails_in_time(Cluster::stalling_after("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":1}").await).await;
}

#[tokio::test]
async fn a_cluster_that_stops_in_the_middle_of_a_404_is_an_internal_fault_soon() {
    fails_in_time(Cluster::stalling_after("HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\n{\"error\":").await)
        .await;
}

#[tokio::test]
async fn what_another_host_answers_after_a_redirection_is_no_document() {
    let other = Cluster::answering(ok(r#"{"from":"elsewhere"}"#)).await;
    let location = format!("302 Found\r\nlocation: http://{}/coffer-roles/_source/1", other.address);
    let cluster = Cluster::answering(answer(&location, "")).await;
    read(&cluster, "/search/roles/1").await.expect_search_error(500, &internal_fault());
    cluster.request_line();
}

#[tokio::test]
async fn a_fault_tells_nothing_of_its_cause() {
    let cluster = Cluster::answering(error("503 Service Unavailable", "cluster_block_exception")).await;
    let reply = read(&cluster, "/search/roles/1").await;
    reply.expect_search_error(500, &internal_fault());
    for told in ["cluster", "503", "OpenSearch", "127.0.0.1", "coffer-"] {
        assert!(!reply.text().contains(told), "{}", reply.text());
    }
}
