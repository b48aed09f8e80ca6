//! Bytes that no HTTP client sends: broken request lines, headers and framing, and connections that end too early. The
//! server refuses them or hangs up, and goes on.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::support::{Reply, secret_path, secrets_path};

use super::{Api, documented, goes_on, with_a_secret};

/// Time limit for the server to answer or to hang up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes on a connection of their own, and gives all that comes back until the server hangs up.
async fn exchange(address: SocketAddr, sent: Vec<u8>) -> Vec<u8> {
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // A server that hangs up early breaks the write or the read; its earlier output is there.
        let _ = stream.write_all(&sent);
        let mut received = Vec::new();
        if let Err(error) = stream.read_to_end(&mut received) {
            let hung_up = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
            assert!(hung_up, "neither an answer nor an end: {error}");
        }
        received
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

/// The first answer among the bytes that came back; `None` if there is none.
fn first(received: &[u8]) -> Option<Reply> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&received[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    let body = Bytes::copy_from_slice(&received[end + 4..end + 4 + length]);
    Some(Reply { status, headers, body })
}

/// Sends bytes that are to be refused: by hanging up, by the server's bare 4xx for invalid HTTP, or by a documented
/// 4xx.
async fn refused(sent: impl AsRef<[u8]>) {
    let (server, _) = with_a_secret().await;
    if let Some(reply) = first(&exchange(server.address(), sent.as_ref().to_owned()).await) {
        assert!((400..500).contains(&reply.status), "{reply:?}");
        if !reply.body.is_empty() {
            documented(Api::Vault, &reply, None).unwrap();
        }
    }
    goes_on(&server).await;
}

macro_rules! refused {
    ($($what:ident: $sent:expr;)*) => { $(#[tokio::test] async fn $what() { refused($sent).await; })* };
}

/// A request for the list of secrets with these header lines.
fn list(headers: &str) -> String {
    format!("GET {} HTTP/1.1\r\nHost: h\r\n{headers}\r\n", secrets_path("alice"))
}

refused! {
    a_request_line_of_noise_is_refused: "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n";
    a_request_line_without_a_path_is_refused: "GET\r\n\r\n";
    a_request_line_of_empty_words_is_refused: "  HTTP/1.1\r\n\r\n";
    a_request_line_with_a_space_in_the_path_is_refused: "GET /vault /api HTTP/1.1\r\nHost: h\r\n\r\n";
    a_request_line_of_another_protocol_is_refused: "GET /vault HTTP/3.0\r\nHost: h\r\n\r\n";
    a_path_with_nul_is_refused: "GET /vault\0 HTTP/1.1\r\nHost: h\r\n\r\n";
    a_path_of_broken_utf8_is_refused: b"GET /vault/\xff\xfe HTTP/1.1\r\nHost: h\r\n\r\n".as_slice();
    a_path_with_brackets_of_markup_is_refused: "GET /vault/<script> HTTP/1.1\r\nHost: h\r\n\r\n";
    a_path_of_70000_bytes_is_refused: format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(70_000));
    an_http_2_preface_before_noise_is_refused: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned() + &"noise".repeat(100);
    a_tunnel_is_refused: "CONNECT h:443 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    options_of_the_whole_server_are_refused: "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    a_header_without_a_colon_is_refused: list("Authorization\r\n");
    a_header_without_a_name_is_refused: list(": x\r\n");
    a_header_with_a_space_in_its_name_is_refused: list("If Match: x\r\n");
    a_header_with_a_space_before_its_colon_is_refused: list("If-Match : x\r\n");
    a_header_with_nul_is_refused: list("X: \0\r\n");
    a_header_with_a_bare_carriage_return_is_refused: list("X: a\rb: c\r\n");
    a_folded_header_is_refused: list("X: a\r\n b\r\nConnection: close\r\n");
    a_thousand_headers_are_refused: list(&"X: x\r\n".repeat(1000));
    a_header_of_a_megabyte_is_refused: list(&format!("X: {}\r\n", "x".repeat(1 << 20)));
    two_lengths_are_refused: list("Content-Length: 0\r\nContent-Length: 5\r\n");
    a_list_of_lengths_is_refused: list("Content-Length: 0, 5\r\n");
    a_negative_length_is_refused: list("Content-Length: -1\r\n");
    a_length_that_is_no_number_is_refused: list("Content-Length: 0x0\r\n");
    a_length_beyond_64_bits_is_refused: list("Content-Length: 18446744073709551616\r\n");
    an_unknown_transfer_encoding_is_refused: list("Transfer-Encoding: x\r\n");
    a_transfer_encoding_that_does_not_end_in_chunks_is_refused: list("Transfer-Encoding: chunked, gzip\r\n");
}

/// Sends a create with a wrongly framed body.
async fn create_framed(headers: &str, body: &str) -> (crate::support::Server, Vec<u8>) {
    let (server, token) = with_a_secret().await;
    let path = secrets_path("alice");
    let sent = format!("POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n{headers}\r\n{body}");
    let received = exchange(server.address(), sent.into_bytes()).await;
    (server, received)
}

const BODY: &str = r#"{"name":"new","data":{}}"#;

macro_rules! misframed {
    ($($what:ident: $chunks:expr;)*) => {
        $(
            #[tokio::test]
            async fn $what() {
                let (server, received) = create_framed("Transfer-Encoding: chunked\r\n", &$chunks).await;
                let message = "The body is not framed as its headers say";
                let code = "INVALID_REQUEST_DATA";
                let body = json!({ "error_code": code, "error_message": message, "property": "request" });
                first(&received).unwrap().expect(400, &body);
                server.user("alice").get(&secret_path("alice", "new")).await.expect_status(404);
                goes_on(&server).await;
            }
        )*
    };
}

misframed! {
    a_chunk_without_a_length_is_told: format!("\r\n{BODY}\r\n0\r\n\r\n");
    a_chunk_whose_length_is_no_number_is_told: format!("xyz\r\n{BODY}\r\n0\r\n\r\n");
    a_chunk_of_negative_length_is_told: format!("-18\r\n{BODY}\r\n0\r\n\r\n");
    a_chunk_whose_length_is_beyond_64_bits_is_told: format!("10000000000000018\r\n{BODY}\r\n0\r\n\r\n");
    a_chunk_longer_than_its_length_is_told: format!("5\r\n{BODY}\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_body_in_chunks_is_one_body() {
    let (one, two) = BODY.split_at(9);
    let chunks = format!("{:x}\r\n{one}\r\n{:X};x=y\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    let (server, received) = create_framed("Connection: close\r\nTransfer-Encoding: chunked\r\n", &chunks).await;
    first(&received).unwrap().expect(201, &json!({ "name": "new" }));
    goes_on(&server).await;
}

#[tokio::test]
async fn a_body_with_a_length_and_chunks_is_never_read_as_two_requests() {
    // The bytes after the last chunk lie within the length: only a server that reads by both can answer it.
    let inner = format!("DELETE {} HTTP/1.1\r\nHost: h\r\n\r\n", secret_path("alice", "kept"));
    let body = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n{inner}", BODY.len());
    let headers = format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", body.len());
    let (server, received) = create_framed(&format!("Connection: close\r\n{headers}"), &body).await;
    let answers = received.windows(9).filter(|window| *window == b"HTTP/1.1 ").count();
    assert!(answers <= 1, "{}", String::from_utf8_lossy(&received));
    goes_on(&server).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_creates_nothing() {
    let (server, token) = with_a_secret().await;
    let address = server.address();
    for promised in [BODY.len() + 1, 100, 1 << 20] {
        let path = secrets_path("alice");
        let head = format!("POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n");
        let sent = format!("{head}Content-Length: {promised}\r\n\r\n{BODY}");
        let send = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(sent.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            // Until the server has seen the end.
            let _ = stream.read_to_end(&mut Vec::new());
        };
        tokio::task::spawn_blocking(send).await.unwrap();
        server.user("alice").get(&secret_path("alice", "new")).await.expect_status(404);
    }
    goes_on(&server).await;
}

#[tokio::test]
async fn connections_that_end_before_a_request_does_hold_nobody_up() {
    let (server, _) = with_a_secret().await;
    let address = server.address();
    for start in ["", "G", "GET /vault", "GET /vault HTTP/1.1\r\nHo", "GET /vault HTTP/1.1\r\nHost: h\r\n"] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
    }
    goes_on(&server).await;
}

#[tokio::test]
async fn connections_that_say_nothing_hold_nobody_up() {
    let (server, _) = with_a_secret().await;
    let silent: Vec<_> = (0..50).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    goes_on(&server).await;
    drop(silent);
}

#[tokio::test]
async fn a_request_without_a_host_and_of_http_1_0_is_answered() {
    let (server, token) = with_a_secret().await;
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let path = secret_path("alice", "kept");
        let sent = format!("GET {path} {version}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        let reply = first(&exchange(server.address(), sent.into_bytes()).await).unwrap();
        assert_eq!(reply.expect_status(200).json()["data"], json!({ "k": 1 }));
    }
}
