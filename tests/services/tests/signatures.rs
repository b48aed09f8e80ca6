//! Signatures of functions at OpenSearch. The server of these tests computes each signature anew from the bytes that
//! arrived.

#[path = "signatures/bulk.rs"]
mod bulk;
#[path = "signatures/credentials.rs"]
mod credentials;
#[path = "signatures/server.rs"]
mod server;
#[path = "signatures/sigv4.rs"]
mod sigv4;
#[path = "signatures/vectors.rs"]
mod vectors;

use devstack::random::Random;
use devstack::sandbox::Function;
use devstack::stack::Stack;
use devstack::tools::Need;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use shared::names::{DocumentId, IndexName};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::{Test, World};
use server::{DOCUMENT, Request, Server};
use sigv4::{Expected, verify};

pub const TESTS: &[Test] = &[
    ("the_verifier_agrees_with_published_signatures", &[], vectors::published_signatures),
    ("the_verifier_agrees_with_published_canonical_paths", &[], vectors::published_paths),
    ("the_verifier_refuses_a_request_that_was_changed", &[], vectors::changed_requests),
    (
        "a_request_to_opensearch_carries_a_signature_that_a_server_can_compute",
        &[Need::Services],
        a_server_can_compute_the_signature,
    ),
    ("any_id_arrives_as_it_was_asked_for_and_is_signed", &[Need::Services], any_id_arrives),
    ("each_index_is_signed_with_and_without_an_alias_prefix", &[Need::Services], each_index_is_signed),
    ("a_session_token_is_signed", &[Need::Services], a_session_token_is_signed),
    ("without_a_session_no_token_is_sent", &[Need::Services], without_a_session_no_token_is_sent),
    ("requests_are_signed_for_the_functions_region", &[Need::Services], signed_for_the_region),
    ("another_secret_key_gives_another_signature", &[Need::Services], another_secret_key),
    ("requests_are_signed_where_nothing_else_is_said", &[Need::Services], signed_by_default),
    (
        "credentials_are_in_no_log_and_no_answer",
        &[Need::Services],
        credentials::credentials_are_in_no_log_and_no_answer,
    ),
    (
        "a_redirection_takes_no_credential_to_another_host",
        &[Need::Services],
        credentials::a_redirection_takes_no_credential,
    ),
    (
        "without_authentication_nothing_is_signed",
        &[Need::Services],
        credentials::without_authentication_nothing_is_signed,
    ),
    ("changes_of_documents_are_signed_with_query_and_body", &[Need::Services], bulk::changes_are_signed),
    ("basic_authentication_is_that_of_rfc_7617", &[Need::Services], credentials::basic_authentication),
];

const ACCESS_KEY: &str = "ASIACANARYACCESSKEY1";
const SECRET_KEY: &str = "canary+Secret/Key0123456789012345678901=";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEAYaCXVzLWVhc3QtMSJH+canary/session//token==";

/// Expected signature of a function with the settings of [`start`].
const EXPECTED: Expected<'_> =
    Expected { access_key: ACCESS_KEY, secret_key: SECRET_KEY, token: Some(TOKEN), region: "us-east-1", service: "es" };

/// A function that reads from a server and signs with the credentials of a session, unless a setting says otherwise.
fn start<'a>(stack: &'a Stack, server: &Server, settings: &[(&str, &str)]) -> Function<'a> {
    Function::start_with(stack, "get-document", &[&signing(&server.url()), settings].concat())
}

/// The settings of a function that uses the server at this URL and signs with the credentials of a session.
fn signing(url: &str) -> [(&'static str, &str); 5] {
    [
        ("COFFER_OPENSEARCH_URL", url),
        ("COFFER_OPENSEARCH_AUTH", "sigv4"),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", TOKEN),
    ]
}

/// The path under which a client asks for a document.
fn path(index: IndexName, id: &str) -> String {
    format!("/search/{index}/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

fn now() -> PrimitiveDateTime {
    let now = OffsetDateTime::now_utc();
    PrimitiveDateTime::new(now.date(), now.time())
}

/// Holds that a request was signed as expected.
#[track_caller]
fn expect_signed(request: &Request, expected: &Expected<'_>) {
    verify(request, expected, now()).unwrap_or_else(|fault| panic!("{fault}: {request:?}"));
}

/// Holds that a request asks for the source of this document, by the alias `alias`, and for nothing else.
#[track_caller]
fn expect_asked_for(request: &Request, server: &Server, alias: &str, id: &str) {
    assert_eq!((request.method.as_str(), request.value("host")), ("GET", Some(&*server.host())), "{request:?}");
    assert!(request.body.is_empty(), "{request:?}");
    let segments: Vec<_> = request.target.split('/').collect();
    let ["", sent_alias, "_source", sent_id] = segments[..] else { panic!("another path: {request:?}") };
    assert!(!sent_id.contains(['?', '#']), "{request:?}");
    let decoded = |segment| percent_decode_str(segment).decode_utf8().unwrap();
    assert_eq!((&*decoded(sent_alias), &*decoded(sent_id)), (alias, id));
}

fn a_server_can_compute_the_signature(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[]);
    let ascii: String = (' '..='~').collect();
    let longest = |character: &str| character.repeat(DocumentId::MAX_BYTES / character.len());
    let ids = [
        "2c9180865c45e7e3015c46c434a80622",
        "a/b",
        "/",
        "//",
        "/a/",
        "a%2Fb",
        "%",
        "%25",
        "100%",
        "a+b",
        "a b",
        " ",
        "*",
        "a,b",
        "...",
        "../x",
        "x/..",
        "a/../b",
        "%2e%2e",
        "%2E",
        "~",
        "a:b",
        "http://host/",
        "@",
        "ü",
        "é\u{301}",
        "€",
        "\u{1f600}",
        "?",
        "a?b=c&d",
        "#",
        "a#b",
        "\\",
        "\"",
        "{}",
        "_search",
        "!'()",
        ";",
        "=",
        "&amp;",
        &ascii,
        &longest("a"),
        &longest("%"),
        &longest("/"),
        &longest("ü"),
        &longest("€"),
        &longest("\u{10ffff}"),
    ];
    for id in ids {
        let answer = get.call("signer", "GET", &path(IndexName::Events, id), "");
        assert_eq!(answer.expect_status(200).body, DOCUMENT, "{id}");
        let request = server.take_one();
        expect_asked_for(&request, &server, "events", id);
        expect_signed(&request, &EXPECTED);
    }
    // Clients encode no more than they have to, and not all with capital digits.
    for (segment, id) in [("a+b", "a+b"), ("a%2fb", "a/b"), ("!$&'()*,;=:@~", "!$&'()*,;=:@~"), ("%c3%bC", "ü")] {
        get.call("signer", "GET", &format!("/search/events/{segment}"), "").expect_status(200);
        let request = server.take_one();
        expect_asked_for(&request, &server, "events", id);
        expect_signed(&request, &EXPECTED);
    }
}

fn any_id_arrives(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[]);
    let mut random = Random::for_test("any_id_arrives_as_it_was_asked_for_and_is_signed");
    for _ in 0..300 {
        let longest = if random.percent(10) { DocumentId::MAX_BYTES } else { 20 };
        let mut id = String::new();
        while id.is_empty() || matches!(id.as_str(), "." | "..") || random.percent(95) {
            let next = if random.percent(50) {
                random.character()
            } else {
                random.one_of(&["%", "/", "+", ".", "?", "*"]).chars().next().unwrap()
            };
            if id.len() + next.len_utf8() > longest {
                break;
            }
            id.push(next);
        }
        let index = IndexName::ALL[random.below(IndexName::ALL.len())];
        get.call("signer", "GET", &path(index, &id), "").expect_status(200);
        let request = server.take_one();
        expect_asked_for(&request, &server, &index.to_string(), &id);
        expect_signed(&request, &EXPECTED);
    }
}

fn each_index_is_signed(world: &World) {
    let server = Server::with_a_document();
    for prefix in ["", "team-a_1.", "\u{fc}-"] {
        let get = start(world.stack(), &server, &[("COFFER_OPENSEARCH_ALIAS_PREFIX", prefix)]);
        for index in IndexName::ALL {
            get.call("signer", "GET", &path(index, "a/b"), "").expect_status(200);
            let request = server.take_one();
            expect_asked_for(&request, &server, &format!("{prefix}{index}"), "a/b");
            expect_signed(&request, &EXPECTED);
        }
    }
}

fn a_session_token_is_signed(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[]);
    get.call("signer", "GET", &path(IndexName::Roles, "session"), "").expect_status(200);
    let request = server.take_one();
    assert_eq!(request.value("x-amz-security-token"), Some(TOKEN));
    let authorization = request.value("authorization").unwrap();
    let signed = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    for name in ["host", "x-amz-date", "x-amz-security-token"] {
        assert!(signed.split(';').any(|known| known == name), "{name} is not in {signed}");
    }
    expect_signed(&request, &EXPECTED);
}

fn without_a_session_no_token_is_sent(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[("AWS_SESSION_TOKEN", "")]);
    get.call("signer", "GET", &path(IndexName::Roles, "no session"), "").expect_status(200);
    expect_signed(&server.take_one(), &Expected { token: None, ..EXPECTED });
}

fn signed_for_the_region(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[("AWS_REGION", "eu-central-1")]);
    get.call("signer", "GET", &path(IndexName::Roles, "region"), "").expect_status(200);
    let request = server.take_one();
    expect_signed(&request, &Expected { region: "eu-central-1", ..EXPECTED });
    assert!(verify(&request, &EXPECTED, now()).is_err());
}

fn another_secret_key(world: &World) {
    let server = Server::with_a_document();
    let other = format!("{SECRET_KEY}x");
    let get = start(world.stack(), &server, &[("AWS_SECRET_ACCESS_KEY", &other)]);
    get.call("signer", "GET", &path(IndexName::Roles, "key"), "").expect_status(200);
    let request = server.take_one();
    expect_signed(&request, &Expected { secret_key: &other, ..EXPECTED });
    assert_eq!(verify(&request, &EXPECTED, now()), Err("the signature is another".to_owned()));
}

fn signed_by_default(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[("COFFER_OPENSEARCH_AUTH", "")]);
    get.call("signer", "GET", &path(IndexName::Roles, "default"), "").expect_status(200);
    expect_signed(&server.take_one(), &EXPECTED);
}
