//! Requests that no client should send. Each gets a documented refusal of its API's shape, none gets a 5xx, and the
//! server continues with unchanged data. Requests that an HTTP client can't even send are in `wire`.

mod bodies;
mod heads;
mod wire;

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::support::{Reply, Server, secret_path, secrets_path};

/// API with the expected shape of the answer.
#[derive(Clone, Copy, PartialEq)]
enum Api {
    Vault,
    Search,
}

/// A request, and which answers to it are right.
struct Case {
    api: Api,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    statuses: &'static [u16],
    property: Option<&'static str>,
}

/// A case of the vault API.
fn vault(method: &'static str, path: impl Into<String>, statuses: &'static [u16]) -> Case {
    let path = path.into();
    Case { api: Api::Vault, method, path, headers: Vec::new(), body: Bytes::new(), statuses, property: None }
}

/// A case of the search API.
fn search(method: &'static str, path: impl Into<String>, statuses: &'static [u16]) -> Case {
    Case { api: Api::Search, ..vault(method, path, statuses) }
}

/// A create with a refused body.
fn create(body: impl Into<Bytes>) -> Case {
    vault("POST", secrets_path("alice"), &[400]).body(body)
}

impl Case {
    fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the property that the answer must name.
    fn names(mut self, property: &'static str) -> Self {
        self.property = Some(property);
        self
    }

    /// Sends it, and returns the error of the answer.
    async fn send(&self, server: &Server, token: &str) -> Result<(), String> {
        let mut client = server.anonymous();
        if !self.headers.iter().any(|(name, _)| *name == "authorization") {
            client = client.header(AUTHORIZATION, &format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            client = client.header(*name, value);
        }
        let reply = client.send(self.method, &self.path, self.body.clone()).await;
        let held = if !self.statuses.contains(&reply.status) {
            Err(format!("not one of {:?}", self.statuses))
        } else if reply.status < 400 || self.method == "HEAD" {
            Ok(())
        } else {
            documented(self.api, &reply, self.property)
        };
        held.map_err(|fault| format!("{}\n  {fault}: {} {:?}", self.describe(), reply.status, reply.body))
    }

    fn describe(&self) -> String {
        let start = |text: &str| text.chars().take(200).collect::<String>();
        let headers = start(&format!("{:?}", self.headers));
        format!("{} {} {headers} {}", self.method, start(&self.path), start(&String::from_utf8_lossy(&self.body)))
    }
}

/// Holds a refusal against the contract of its API.
fn documented(api: Api, reply: &Reply, property: Option<&str>) -> Result<(), String> {
    let hold = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = header("x-request-id");
    hold(id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "no tracking id")?;
    hold(header("content-type") == "application/json", "not JSON by its content type")?;
    hold(reply.status != 401 || header("www-authenticate") == "Bearer", "no WWW-Authenticate")?;
    hold(reply.status != 405 || !header("allow").is_empty(), "no Allow")?;
    let body: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    hold(property.is_none_or(|property| body["property"] == property), "another property is named")?;
    match api {
        Api::Vault => documented_vault(reply.status, &body),
        Api::Search => documented_search(reply.status, id, &body),
    }
}

fn documented_vault(status: u16, body: &Value) -> Result<(), String> {
    let codes: &[&str] = match status {
        400 => &[
            "BAD_REQUEST",
            "INVALID_REQUEST_DATA",
            "REQUIRED_VALUE_MISSING",
            "VALUE_OUT_OF_BOUNDS",
            "VALUE_INCORRECT_TYPE",
            "VALUE_INCORRECT_FORMAT",
            "VALUE_DUPLICATE",
        ],
        401 | 403 => &["PERMISSION_DENIED"],
        404 | 405 => &["GENERAL_ERROR"],
        412 => &["INVALID_REQUEST_DATA"],
        413 => &["VALUE_OUT_OF_BOUNDS"],
        _ => return Err("not a documented status".to_owned()),
    };
    let error = body.as_object().ok_or("not an object")?;
    for (member, value) in error {
        let right = match (member.as_str(), value) {
            ("error_code", Value::String(code)) => codes.contains(&code.as_str()),
            ("error_message" | "property", Value::String(text)) => !text.is_empty(),
            ("details", Value::Array(details)) => {
                details.iter().try_for_each(|detail| documented_vault(status, detail))?;
                !details.is_empty()
            }
            _ => false,
        };
        if !right {
            return Err(format!("{member} is wrong"));
        }
    }
    let complete = error.contains_key("error_code") && error.contains_key("error_message");
    if complete { Ok(()) } else { Err("code or message missing".to_owned()) }
}

fn documented_search(status: u16, id: &str, body: &Value) -> Result<(), String> {
    if status == 401 {
        let reason = body["error"].as_str().and_then(|text| text.strip_prefix("JWT validation failed: "));
        let right = reason.is_some_and(|reason| !reason.is_empty()) && body.as_object().map(|b| b.len()) == Some(1);
        return if right { Ok(()) } else { Err("not the body of a 401".to_owned()) };
    }
    let text = match status {
        400 => "The request was syntactically correct but its content is semantically invalid.",
        403 => "The server understood the request but refuses to authorize it.",
        404 => "The server did not find a current representation for the target resource.",
        405 => "The target resource does not support the request's method.",
        413 => "The request is larger than the server accepts.",
        _ => return Err("not a documented status".to_owned()),
    };
    let message = json!({ "locale": "en-US", "localeOrigin": "DEFAULT", "text": text });
    let code = body["detailCode"].as_str().unwrap_or_default();
    let known = |member: &str| matches!(member, "detailCode" | "trackingId" | "messages" | "causes");
    let right = code.starts_with(&status.to_string())
        && body["trackingId"] == id
        && body["messages"][0] == message
        && body.as_object().is_some_and(|body| body.keys().all(|member| known(member)))
        && body["causes"].as_array().is_none_or(|causes| causes.iter().all(|cause| cause["text"].is_string()));
    if right { Ok(()) } else { Err("not the body of an error".to_owned()) }
}

/// A server on which alice has one secret, and her token.
async fn with_a_secret() -> (Server, String) {
    let server = Server::start().await;
    let token = server.token("alice", &["user", "sp:search:read"], &[]);
    server.user("alice").create("alice", &json!({ "name": "kept", "data": { "k": 1 } })).await;
    (server, token)
}

/// Holds that the server goes on, and that the secret is as it was. Other secrets are none of its business.
async fn goes_on(server: &Server) {
    let alice = server.user("alice");
    let kept = alice.get(&secret_path("alice", "kept")).await.expect_status(200).json();
    assert_eq!(
        (&kept["data"], &kept["read_roles"], &kept["write_roles"]),
        (&json!({ "k": 1 }), &json!([]), &json!([]))
    );
    assert_eq!(kept["created"], kept["updated"]);
    alice.create("alice", &json!({ "name": "afterwards", "data": {} })).await;
    alice.delete(&secret_path("alice", "afterwards")).await.expect_status(200);
    alice.get("/search/roles/none").await.expect_status(404);
}

/// Sends all cases, so many at a time, and then a good request.
async fn send_all(cases: &[Case], at_once: usize) {
    let (server, token) = with_a_secret().await;
    let sent = futures_util::stream::iter(cases).map(|case| case.send(&server, &token)).buffer_unordered(at_once);
    let faults: Vec<String> = sent.filter_map(async |held| held.err()).collect().await;
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
    goes_on(&server).await;
}

macro_rules! are_answered {
    ($($what:ident: $cases:expr;)*) => {
        $(#[tokio::test] async fn $what() { send_all(&$cases, 1).await; })*

        #[tokio::test]
        async fn all_of_them_side_by_side_do_not_stop_the_server() {
            let cases: Vec<Case> = [$($cases),*].into_iter().flatten().collect();
            assert!(cases.len() >= 200);
            send_all(&cases, 16).await;
        }
    };
}

are_answered! {
    a_body_cut_at_any_byte_is_refused: bodies::cut();
    a_wrong_type_in_any_field_is_named: bodies::wrong_types();
    a_body_that_is_no_object_is_refused: bodies::no_objects();
    a_request_that_is_too_large_is_refused: bodies::too_large();
    a_query_that_is_no_number_is_named: heads::queries();
    a_token_that_is_none_is_refused: heads::tokens();
    a_header_that_can_be_read_in_two_ways_is_refused: heads::headers();
    an_entity_tag_that_is_none_never_matches: heads::entity_tags();
    a_method_that_a_path_lacks_is_refused: heads::methods();
    a_path_is_taken_as_it_came: heads::paths();
    an_index_or_a_document_id_is_taken_as_it_came: heads::documents();
}

#[tokio::test]
async fn a_refused_body_creates_nothing() {
    let (server, token) = with_a_secret().await;
    for case in bodies::no_objects() {
        case.send(&server, &token).await.unwrap();
    }
    assert_eq!(server.user("alice").get(&secrets_path("alice")).await.json()["count"], 1);
}

#[tokio::test]
async fn the_smallest_refused_body_becomes_good_with_its_last_byte() {
    // Without this, all cut bodies could be refused for another reason than the cut.
    let (server, token) = with_a_secret().await;
    vault("POST", secrets_path("alice"), &[201]).body(bodies::GOOD).send(&server, &token).await.unwrap();
}

#[tokio::test]
async fn a_list_of_100_roles_is_taken() {
    let (server, token) = with_a_secret().await;
    let roles = vec![r#"{"id":"r"}"#; 100].join(",");
    let body = format!("{{\"name\":\"new\",\"data\":{{}},\"read_roles\":[{roles}],\"write_roles\":[{roles}]}}");
    vault("POST", secrets_path("alice"), &[201]).body(body).send(&server, &token).await.unwrap();
}

#[tokio::test]
async fn a_list_of_101_roles_is_out_of_bounds() {
    let (server, _) = with_a_secret().await;
    for field in ["read_roles", "write_roles"] {
        let body = format!("{{\"{field}\":[{}]}}", vec![r#"{"id":"r"}"#; 101].join(","));
        let message = format!("{field} must have at most 100 roles, and has 101");
        let fault = json!({ "error_code": "VALUE_OUT_OF_BOUNDS", "error_message": message, "property": field });
        let mut expected = fault.clone();
        expected["details"] = json!([fault]);
        server.user("alice").put(&secret_path("alice", "kept"), body).await.expect(400, &expected);
    }
}
