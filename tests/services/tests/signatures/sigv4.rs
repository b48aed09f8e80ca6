//! AWS Signature Version 4 as the server's side checks it, for all services but S3. It shares nothing with the library
//! that signs but the hash functions.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use time::macros::format_description;
use time::{Duration, PrimitiveDateTime};

use super::server::Request;

/// Expected signer and scope.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub access_key: &'a str,
    pub secret_key: &'a str,
    /// The token of a session; `None` for keys that need none.
    pub token: Option<&'a str>,
    pub region: &'a str,
    pub service: &'a str,
}

/// Accepted difference of the clocks of client and server.
const CLOCKS: Duration = Duration::minutes(5);

/// Checks a request that arrived at `now`, given in UTC.
pub fn verify(request: &Request, expected: &Expected<'_>, now: PrimitiveDateTime) -> Result<(), String> {
    let holds = |condition: bool, what: &str| if condition { Ok(()) } else { Err(what.to_owned()) };
    let header = |name: &str| request.value(name).ok_or(format!("{name} is missing"));

    let time = header("x-amz-date")?;
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    let sent = PrimitiveDateTime::parse(time, &form).map_err(|error| format!("x-amz-date {time}: {error}"))?;
    holds((now - sent).abs() <= CLOCKS, "x-amz-date is too far from now")?;

    let (scope, signed, signature) = authorization(header("authorization")?).ok_or("authorization is malformed")?;
    let Expected { access_key, region, service, token, .. } = expected;
    let credential = format!("{access_key}/{}/{region}/{service}/aws4_request", &time[..8]);
    holds(scope == credential, &format!("the credential is {scope} and should be {credential}"))?;
    holds(request.value("x-amz-security-token") == *token, "x-amz-security-token is not the session's")?;

    let names: Vec<&str> = signed.split(';').collect();
    holds(names.is_sorted_by(|one, next| one < next), "the signed headers are not in order, or one is there twice")?;
    holds(names.iter().all(|name| !request.values(name).is_empty()), "a signed header did not arrive")?;
    holds(names.contains(&"host"), "host is not signed")?;
    for (name, _) in &request.headers {
        let name = name.to_ascii_lowercase();
        let needed = name == "content-type" || name.starts_with("x-amz-");
        holds(!needed || names.contains(&name.as_str()), &format!("{name} is not signed"))?;
    }

    let payload = hex(digest(&SHA256, &request.body).as_ref());
    let sent_payload = request.value("x-amz-content-sha256").unwrap_or(&payload);
    holds(sent_payload == payload, "x-amz-content-sha256 is not that of the body")?;

    let to_sign = string_to_sign(time, &credential, &canonical_request(request, &names, &payload));
    let right = hex(hmac::sign(&signing_key(expected, &time[..8]), to_sign.as_bytes()).as_ref());
    holds(signature == right, "the signature is another")
}

/// The credential, the names of the signed headers, and the signature.
fn authorization(value: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = value.strip_prefix("AWS4-HMAC-SHA256 ")?.split(',').map(str::trim).collect();
    let [credential, signed, signature] = parts[..] else { return None };
    let credential = credential.strip_prefix("Credential=")?;
    Some((credential, signed.strip_prefix("SignedHeaders=")?, signature.strip_prefix("Signature=")?))
}

fn canonical_request(request: &Request, signed: &[&str], payload: &str) -> String {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut text = format!("{}\n{}\n{}\n", request.method, canonical_path(path), canonical_query(query));
    for name in signed {
        let values = request.values(name);
        let values: Vec<_> =
            values.iter().map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect();
        writeln!(text, "{name}:{}", values.join(",")).unwrap();
    }
    write!(text, "\n{}\n{payload}", signed.join(";")).unwrap();
    text
}

/// Each segment of the path as it was sent, encoded; an encoded one is encoded once more. Empty segments and those of
/// dots would be taken out first, and none of ours may have any.
pub fn canonical_path(path: &str) -> String {
    let segments: Vec<&str> = path.strip_prefix('/').expect("an absolute path").split('/').collect();
    let plain = segments == [""] || segments.iter().all(|segment| !matches!(*segment, "" | "." | ".."));
    assert!(plain, "a path that would be normalized: {path}");
    segments.into_iter().fold(String::new(), |path, segment| format!("{path}/{}", encode(segment.as_bytes())))
}

/// Names and values, decoded and encoded in the one way, in the order of the encoded.
fn canonical_query(query: &str) -> String {
    let recode = |text: &str| encode(&percent_encoding::percent_decode_str(text).collect::<Vec<_>>());
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (recode(name), recode(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but the unreserved characters of RFC 3986, with capital digits.
fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            _ => write!(text, "%{byte:02X}").unwrap(),
        }
        text
    })
}

fn string_to_sign(time: &str, credential: &str, canonical: &str) -> String {
    // The scope is the credential without the access key.
    let (_, scope) = credential.split_once('/').unwrap();
    format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(digest(&SHA256, canonical.as_bytes()).as_ref()))
}

fn signing_key(expected: &Expected<'_>, date: &str) -> hmac::Key {
    let first = hmac::Key::new(HMAC_SHA256, format!("AWS4{}", expected.secret_key).as_bytes());
    [date, expected.region, expected.service, "aws4_request"]
        .iter()
        .fold(first, |key, word| hmac::Key::new(HMAC_SHA256, hmac::sign(&key, word.as_bytes()).as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
