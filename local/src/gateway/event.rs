//! From HTTP to the event of a REST API.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use serde::Serialize;
use shared::random::RandomId;
use url::form_urlencoded;

use super::GatewayError;

/// The largest event that Lambda takes for a synchronous invocation, in bytes.
const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The largest request line with all headers, in bytes.
const MAX_HEAD_BYTES: usize = 10_240;

/// Headers of which a gateway takes one at most.
const SINGLE: [&str; 5] = ["authorization", "content-length", "content-type", "host", "if-match"];

/// The event of a REST API, as Lambda gives it to a function.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    multi_value_headers: BTreeMap<&'a str, Vec<&'a str>>,
    query_string_parameters: Option<BTreeMap<&'a str, &'a str>>,
    multi_value_query_string_parameters: Option<&'a BTreeMap<&'a str, Vec<&'a str>>>,
    path_parameters: BTreeMap<String, String>,
    stage_variables: Option<()>,
    request_context: RequestContext<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    domain_name: &'a str,
    extended_request_id: &'a str,
    http_method: &'a str,
    identity: Identity,
    path: String,
    protocol: &'a str,
    request_id: String,
    request_time_epoch: u64,
    resource_id: &'a str,
    resource_path: &'a str,
    stage: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: IpAddr,
    user_agent: Option<String>,
}

/// The event of a request for `resource`, as the JSON text that Lambda hands to a function.
///
/// # Errors
/// [`GatewayError`] for requests that a gateway refuses itself.
pub fn event_json(head: &Parts, body: &Bytes, resource: &str, source: IpAddr) -> Result<String, GatewayError> {
    let headers = checked_headers(head)?;
    let host = checked_host(head)?;
    let method = head.method.as_str();
    let raw_path = head.uri.path();
    let query: Vec<_> = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).collect();
    let mut parameters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in &query {
        parameters.entry(name).or_default().push(value);
    }
    // Text goes as it is; anything else as base64, so that a function sees every byte.
    let text = std::str::from_utf8(body);
    let now = shared::clock::since_epoch();
    let request_id = uuid().ok_or_else(|| bad("No request id could be made"))?;
    let event = Event {
        resource,
        path: raw_path,
        http_method: method,
        headers: last(&headers),
        query_string_parameters: (!parameters.is_empty()).then(|| last(&parameters)),
        multi_value_query_string_parameters: (!parameters.is_empty()).then_some(&parameters),
        path_parameters: path_parameters(resource, raw_path),
        stage_variables: None,
        request_context: RequestContext {
            account_id: "000000000000",
            api_id: "local",
            domain_name: host,
            extended_request_id: "local",
            http_method: method,
            identity: Identity {
                source_ip: source,
                user_agent: headers.get("user-agent").map(|values| values.join(" ")),
            },
            path: format!("/local{raw_path}"),
            protocol: "HTTP/1.1",
            request_id,
            request_time_epoch: u64::try_from(now.as_millis()).unwrap_or_default(),
            resource_id: "local",
            resource_path: resource,
            stage: "local",
        },
        body: match text {
            _ if body.is_empty() => None,
            Ok(text) => Some(Cow::Borrowed(text)),
            Err(_) => Some(Cow::Owned(STANDARD.encode(body))),
        },
        is_base64_encoded: text.is_err(),
        multi_value_headers: headers,
    };
    // Texts, numbers and lists of them: there is nothing that JSON could not hold.
    let event = serde_json::to_string(&event).map_err(|_| bad("The request can't be turned into an event"))?;
    if event.len() > MAX_PAYLOAD_BYTES {
        return Err(GatewayError::TooLarge { limit: MAX_PAYLOAD_BYTES });
    }
    Ok(event)
}

fn bad(what: &str) -> GatewayError {
    GatewayError::Bad(what.to_owned())
}

/// All headers as text, if together they are small enough and none is doubled that must not be.
fn checked_headers(head: &Parts) -> Result<BTreeMap<&str, Vec<&str>>, GatewayError> {
    let size: usize = head.uri.to_string().len()
        + head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>();
    if size > MAX_HEAD_BYTES {
        return Err(GatewayError::TooLarge { limit: MAX_HEAD_BYTES });
    }
    let mut headers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in &head.headers {
        let value = value.to_str().map_err(|_| GatewayError::Bad(format!("The header {name} is not ASCII text")))?;
        headers.entry(name.as_str()).or_default().push(value);
    }
    if let Some(name) = SINGLE.into_iter().find(|name| headers.get(name).is_some_and(|values| values.len() > 1)) {
        return Err(GatewayError::Bad(format!("The header {name} is there more than once")));
    }
    // A gateway says itself how it was reached. A client's own word would become the scheme of an address in
    // `lambda_http`, and a word that is no scheme a panic.
    headers.insert("x-forwarded-proto", vec!["http"]);
    Ok(headers)
}

/// The host that was asked for. A value that isn't a host and a port would change the meaning of an address in
/// `lambda_http`, or end in a panic.
fn checked_host(head: &Parts) -> Result<&str, GatewayError> {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
    if plain && url::Url::parse(&format!("http://{host}/")).is_ok() {
        Ok(host)
    } else {
        Err(bad("The header host is no host"))
    }
}

/// Of several values the last, as a gateway gives it.
fn last<'a>(values: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeMap<&'a str, &'a str> {
    values.iter().filter_map(|(name, values)| values.last().map(|value| (*name, *value))).collect()
}

fn path_parameters(template: &str, path: &str) -> BTreeMap<String, String> {
    template
        .split('/')
        .zip(path.split('/'))
        .filter_map(|(name, value)| {
            let name = name.strip_prefix('{')?.strip_suffix('}')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> Option<String> {
    let mut bytes = *RandomId::make().ok()?.as_bytes();
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let hex = RandomId::from_bytes(&bytes)?.to_string();
    let (time, rest) = hex.split_at(8);
    let (middle, rest) = rest.split_at(4);
    let (version, rest) = rest.split_at(4);
    let (variant, node) = rest.split_at(4);
    Some(format!("{time}-{middle}-{version}-{variant}-{node}"))
}
