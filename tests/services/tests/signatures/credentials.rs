//! Where credentials go, and where they don't: other ways of authentication, the log, answers, another host.

use shared::names::IndexName;

use super::server::{Server, answer};
use super::{ACCESS_KEY, SECRET_KEY, TOKEN, expect_asked_for, path, start};
use crate::World;

pub fn credentials_are_in_no_log_and_no_answer(world: &World) {
    // Amazon's answer to a wrong signature quotes the text that should have been signed; this server quotes everything
    // that it got, in every answer. The id names the credentials.
    let server = Server::new(|request| match request.target.rsplit('/').next().unwrap() {
        "reset" => Vec::new(),
        status => {
            answer(status.parse().unwrap(), "", &serde_json::json!({ "message": format!("{request:?}") }).to_string())
        }
    });
    let basic = [
        ("COFFER_OPENSEARCH_AUTH", "basic"),
        ("COFFER_OPENSEARCH_USER", "canary-user"),
        ("COFFER_OPENSEARCH_PASSWORD", "canary-password"),
    ];
    for settings in [&[][..], &basic] {
        let get = start(world.stack(), &server, &[&[("COFFER_LOG_LEVEL", "debug")], settings].concat());
        let mut said = String::new();
        // A 200 that quotes is a document, and passed on as one.
        for case in ["400", "401", "403", "404", "429", "500", "503", "reset"] {
            let answer = get.call("signer", "GET", &path(IndexName::Roles, case), "");
            assert_eq!(answer.status, if case == "429" { 429 } else { 500 }, "{case}: {answer:?}");
            said.push_str(&format!("{answer:?}"));
        }
        said.push_str(&get.log());
        let requests = server.take();
        assert!(requests.len() >= 8 && said.matches("request failed").count() == 7, "{said}");
        let mut secrets = vec![ACCESS_KEY, SECRET_KEY, TOKEN, "canary-user", "canary-password", "Signature="];
        secrets.extend(requests.iter().map(|request| {
            request.value("authorization").unwrap().rsplit([' ', '=']).find(|word| !word.is_empty()).unwrap()
        }));
        for secret in secrets {
            assert!(!said.contains(secret), "{secret} is in {said}");
        }
    }
}

pub fn a_redirection_takes_no_credential(world: &World) {
    let elsewhere = Server::with_a_document();
    let location = format!("location: {}/roles/_source/x\r\n", elsewhere.url());
    let server = Server::new(move |_| answer(307, &location, ""));
    let basic =
        [("COFFER_OPENSEARCH_AUTH", "basic"), ("COFFER_OPENSEARCH_USER", "u"), ("COFFER_OPENSEARCH_PASSWORD", "p")];
    for settings in [&[][..], &basic] {
        let get = start(world.stack(), &server, settings);
        // Another host's answer is none of our documents.
        get.call("signer", "GET", &path(IndexName::Roles, "x"), "").expect_status(500);
        for request in elsewhere.take() {
            for name in ["authorization", "x-amz-security-token"] {
                assert_eq!(request.value(name), None, "{name} went to another host");
            }
        }
    }
}

pub fn without_authentication_nothing_is_signed(world: &World) {
    let server = Server::with_a_document();
    let get = start(world.stack(), &server, &[("COFFER_OPENSEARCH_AUTH", "none")]);
    get.call("signer", "GET", &path(IndexName::Roles, "a/b"), "").expect_status(200);
    let request = server.take_one();
    expect_asked_for(&request, &server, "roles", "a/b");
    let told =
        |name: &str| name.eq_ignore_ascii_case("authorization") || name.to_ascii_lowercase().starts_with("x-amz-");
    assert!(!request.headers.iter().any(|(name, _)| told(name)), "{request:?}");
}

pub fn basic_authentication(world: &World) {
    let server = Server::with_a_document();
    // The two examples of the RFC, and a password that holds its separator from the user.
    for (user, password, expected) in [
        ("Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test", "123\u{a3}", "dGVzdDoxMjPCow=="),
        ("reader", "a:b:", "cmVhZGVyOmE6Yjo="),
    ] {
        let settings = [
            ("COFFER_OPENSEARCH_AUTH", "basic"),
            ("COFFER_OPENSEARCH_USER", user),
            ("COFFER_OPENSEARCH_PASSWORD", password),
        ];
        let get = start(world.stack(), &server, &settings);
        get.call("signer", "GET", &path(IndexName::Roles, "a/b"), "").expect_status(200);
        let request = server.take_one();
        expect_asked_for(&request, &server, "roles", "a/b");
        assert_eq!(request.value("authorization"), Some(&*format!("Basic {expected}")));
        assert!(
            !request.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amz-")),
            "{request:?}"
        );
    }
}
