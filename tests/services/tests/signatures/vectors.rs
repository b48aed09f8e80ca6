//! The verifier itself, held to requests and signatures that are published.

use time::PrimitiveDateTime;
use time::macros::datetime;

use super::server::Request;
use super::sigv4::{Expected, canonical_path, verify};
use crate::World;

/// The credentials of AWS's examples.
const EXAMPLE: Expected<'_> = Expected {
    access_key: "AKIDEXAMPLE",
    secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    token: None,
    region: "us-east-1",
    service: "service",
};
/// The time of AWS's examples.
const TIME: PrimitiveDateTime = datetime!(2015-08-30 12:36:00);
/// The session's token of AWS's test suite.
const TOKEN: &str = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";

/// A request with a line of each header, and the signature over the headers that are named.
fn signed(target: &str, headers: &str, service: &str, names: &str, signature: &str) -> Request {
    let authorization = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, \
         SignedHeaders={names}, Signature={signature}"
    );
    let head = format!("GET {target} HTTP/1.1\r\n{headers}X-Amz-Date:20150830T123600Z\r\n{authorization}\r\n\r\n");
    Request::parse(head.as_bytes())
}

/// `get-vanilla-with-session-token` of the test suite.
fn with_a_session() -> (Request, Expected<'static>) {
    let headers = format!("Host:example.amazonaws.com\r\nX-Amz-Security-Token:{TOKEN}\r\n");
    let signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8";
    let request = signed("/", &headers, "service", "host;x-amz-date;x-amz-security-token", signature);
    (request, Expected { token: Some(TOKEN), ..EXAMPLE })
}

pub fn published_signatures(_: &World) {
    // `get-vanilla` of the test suite.
    let signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let request = signed("/", "Host:example.amazonaws.com\r\n", "service", "host;x-amz-date", signature);
    assert_eq!(verify(&request, &EXAMPLE, TIME), Ok(()));

    let (request, expected) = with_a_session();
    assert_eq!(verify(&request, &expected, TIME), Ok(()));

    // The example of AWS's documentation: IAM's ListUsers, with a query.
    let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    let headers = "Host: iam.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
    let target = "/?Version=2010-05-08&Action=ListUsers";
    let request = signed(target, headers, "iam", "content-type;host;x-amz-date", signature);
    assert_eq!(verify(&request, &Expected { service: "iam", ..EXAMPLE }, TIME), Ok(()));
}

pub fn published_paths(_: &World) {
    for (sent, canonical) in [
        ("/", "/"),
        // As Amazon's own answers to requests for its Elasticsearch service quote them.
        ("/_search/%3Fa=b%20c", "/_search/%253Fa%3Db%2520c"),
        ("/*/*/_search", "/%2A/%2A/_search"),
        // Two of the test suite that come with AWS's SDK.
        ("/test/@connections/JBDvjfGEIAMCERw%3D", "/test/%40connections/JBDvjfGEIAMCERw%253D"),
        ("/functions/arn%3Aaws%3Alambda/invocations", "/functions/arn%253Aaws%253Alambda/invocations"),
    ] {
        assert_eq!(canonical_path(sent), canonical);
    }
}

pub fn changed_requests(_: &World) {
    let (request, expected) = with_a_session();
    let changed = |what: &str, change: &dyn Fn(&mut Request)| {
        let mut other = request.clone();
        change(&mut other);
        let outcome = verify(&other, &expected, TIME);
        assert!(outcome.is_err(), "{what}: {other:?}");
    };
    let header = |name: &'static str, value: &'static str| {
        move |request: &mut Request| {
            let found = request.headers.iter_mut().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
            value.clone_into(&mut found.unwrap().1);
        }
    };
    changed("method", &|request| request.method = "POST".to_owned());
    changed("path", &|request| request.target = "/a".to_owned());
    changed("query", &|request| request.target = "/?a".to_owned());
    changed("body", &|request| request.body = b"{}".to_vec());
    changed("host", &header("host", "example.com"));
    changed("time", &header("x-amz-date", "20150830T123601Z"));
    changed("token", &header("x-amz-security-token", "another"));
    changed("a header of Amazon's that is not signed", &|request| {
        request.headers.push(("x-amz-content-sha256".to_owned(), "UNSIGNED-PAYLOAD".to_owned()));
    });
    changed("a type that is not signed", &|request| {
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    });

    let other = |what: &str, expected: Expected<'_>| assert!(verify(&request, &expected, TIME).is_err(), "{what}");
    other("access key", Expected { access_key: "AKIDEXAMPLF", ..expected });
    other("secret key", Expected { secret_key: "another", ..expected });
    other("session", Expected { token: None, ..expected });
    other("region", Expected { region: "us-east-2", ..expected });
    other("service", Expected { service: "es", ..expected });
    assert!(verify(&request, &expected, TIME + time::Duration::minutes(6)).is_err(), "too late");
}
