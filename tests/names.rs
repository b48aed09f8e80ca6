//! Names of secrets and ids of users on their way through a path: which are taken, and that they come back as they
//! were given.

use std::sync::atomic::{AtomicU32, Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::{Value, json};

use crate::support::{Server, encode, holds_for_any, secret_path, secrets_path};

/// All but the unreserved characters of RFC 3986, as `Location` has it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters that every client encodes.
const ENCODED_BY_ALL: &AsciiSet =
    &RESERVED.remove(b'$').remove(b'&').remove(b'+').remove(b':').remove(b'=').remove(b'@');

/// Pieces in which encodings, separators and normalisations show.
const PIECES: [&str; 24] = [
    "/",
    "%",
    "+",
    " ",
    "?",
    "#",
    "\"",
    "'",
    "\\",
    ";",
    "$&+:=@",
    ".",
    "..",
    "%2F",
    "%2f..",
    "a%252Fb",
    "%00",
    "\u{1d11e}",
    "\u{e9}",
    "e\u{301}",
    "\u{1112}\u{1161}\u{11ab}",
    "\u{feff}",
    "\u{2028}\u{202e}",
    "\u{fffd}\u{10ffff}",
];

/// Any text that is a name: 1 to 512 bytes without control characters, and not `.` or `..`.
fn names() -> impl Strategy<Value = String> {
    let character = any::<char>().prop_filter("a control character", |c| !c.is_control()).prop_map(String::from);
    let piece = prop_oneof![
        4 => (0..PIECES.len()).prop_map(|i| PIECES[i].to_owned()),
        2 => character,
        1 => "[ -~]",
        1 => Just("n".repeat(250)),
    ];
    vec(piece, 1..16).prop_map(|pieces| shortened(pieces.concat())).prop_filter("dots", |n| n != "." && n != "..")
}

/// The longest start of a text that is within 512 bytes.
fn shortened(mut text: String) -> String {
    text.truncate((0..=512.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap());
    text
}

#[test]
fn any_name_round_trips_however_much_of_it_is_encoded() {
    let users = AtomicU32::new(0);
    holds_for_any(96, &names(), &async |server, name| {
        // A user of its own: a run that failed leaves its secret behind.
        let user = format!("user {}", users.fetch_add(1, Ordering::Relaxed));
        round_trip(server, &user, &name).await;
    });
}

async fn round_trip(server: &Server, user: &str, name: &str) {
    let client = server.user(user);
    let whole = secret_path(user, name);
    let half = format!("{}/{}", secrets_path(user), utf8_percent_encode(name, ENCODED_BY_ALL));
    let location = format!(
        "/vault/api/v1/user/{}/secrets/{}",
        utf8_percent_encode(user, RESERVED),
        utf8_percent_encode(name, RESERVED)
    );

    let body = json!({ "name": name, "data": { "round": 1 } }).to_string();
    let created = client.post(&secrets_path(user), body.clone()).await;
    created.expect(201, &json!({ "name": name }));
    assert_eq!(created.header("location"), location);
    for (round, path) in [(2, &whole), (3, &half)] {
        client.put(path, json!({ "data": { "round": round } }).to_string()).await.expect_status(200);
        for path in [&location, &whole, &half] {
            let got = client.get(path).await.expect_status(200).json();
            assert_eq!((&got["name"], &got["path"]), (&json!(name), &json!(location)));
            assert_eq!(got["data"], json!({ "round": round }));
        }
    }
    let list = client.get(&secrets_path(user)).await.expect_status(200).json();
    assert_eq!((&list["count"], &list["items"][0]["name"]), (&json!(1), &json!(name)));
    assert_eq!(list["items"][0]["path"], json!(location));
    for path in [&whole, &half] {
        client.delete(path).await.expect_status(200);
        client.get(&location).await.expect_status(404);
        client.post(&secrets_path(user), body.clone()).await.expect_status(201);
    }
    client.delete(&location).await.expect_status(200);
}

#[tokio::test]
async fn composed_and_decomposed_characters_are_two_names() {
    let server = Server::start().await;
    let alice = server.user("alice");
    for (name, n) in [("caf\u{e9}", 1), ("cafe\u{301}", 2)] {
        alice.create("alice", &json!({ "name": name, "data": { "n": n } })).await;
    }
    for (name, n) in [("caf\u{e9}", 1), ("cafe\u{301}", 2)] {
        assert_eq!(alice.get(&secret_path("alice", name)).await.json()["data"], json!({ "n": n }));
    }
}

#[tokio::test]
async fn names_that_differ_in_case_alone_are_two_names() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "Key", "data": {} })).await;
    alice.get(&secret_path("alice", "key")).await.expect_status(404);
    alice.create("alice", &json!({ "name": "key", "data": {} })).await;
}

#[tokio::test]
async fn a_plus_in_a_path_is_a_plus() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "a+b", "data": {} })).await;
    let path = |segment: &str| format!("{}/{segment}", secrets_path("alice"));
    for same in ["a+b", "a%2Bb", "a%2bb", "%61+b"] {
        assert_eq!(alice.get(&path(same)).await.expect_status(200).json()["name"], "a+b");
    }
    alice.get(&path("a%20b")).await.expect_status(404);
}

#[tokio::test]
async fn a_path_is_decoded_once() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "a/b", "data": { "n": 1 } })).await;
    alice.create("alice", &json!({ "name": "a%2Fb", "data": { "n": 2 } })).await;
    let path = |segment: &str| format!("{}/{segment}", secrets_path("alice"));
    assert_eq!(alice.get(&path("a%2Fb")).await.json()["data"], json!({ "n": 1 }));
    assert_eq!(alice.get(&path("a%252Fb")).await.json()["data"], json!({ "n": 2 }));
    alice.get(&path("a%25252Fb")).await.expect_status(404);
}

/// The body of a refused path.
fn in_the_path(code: &str, property: &str, why: &str) -> Value {
    json!({ "error_code": code, "error_message": format!("{property} in the path {why}"), "property": property })
}

/// The body of a refused create with one fault.
fn in_the_body(code: &str, message: &str) -> Value {
    json!({
        "error_code": code, "error_message": message, "property": "name",
        "details": [{ "error_code": code, "error_message": message, "property": "name" }],
    })
}

#[tokio::test]
async fn a_name_of_512_bytes_is_taken_in_body_and_path() {
    let server = Server::start().await;
    let alice = server.user("alice");
    for name in ["n".repeat(512), "\u{e9}".repeat(256), "\u{1d11e}".repeat(128)] {
        alice.create("alice", &json!({ "name": name, "data": {} })).await;
        assert_eq!(alice.get(&secret_path("alice", &name)).await.expect_status(200).json()["name"], name);
    }
}

#[tokio::test]
async fn a_name_of_513_bytes_in_a_body_is_out_of_bounds() {
    let server = Server::start().await;
    for name in ["n".repeat(513), format!("n{}", "\u{e9}".repeat(256))] {
        let body = json!({ "name": name, "data": {} }).to_string();
        let message = "name must be at most 512 bytes of UTF-8, and has 513";
        let reply = server.user("alice").post(&secrets_path("alice"), body).await;
        reply.expect(400, &in_the_body("VALUE_OUT_OF_BOUNDS", message));
    }
}

/// A path that ends in a refused name is refused alike by all operations with a name.
async fn refused_name(segment: &str, code: &str, why: &str) {
    let server = Server::start().await;
    let path = format!("{}/{segment}", secrets_path("alice"));
    for method in ["GET", "PUT", "DELETE"] {
        let reply = server.user("alice").send(method, &path, if method == "PUT" { "{}" } else { "" }).await;
        reply.expect(400, &in_the_path(code, "name", why));
    }
}

/// A path with a refused user id is refused alike by all operations.
async fn refused_user(segment: &str, code: &str, why: &str) {
    let server = Server::start().await;
    let list = format!("/vault/api/v1/user/{segment}/secrets");
    let one = format!("{list}/n");
    let body = r#"{"name":"n","data":{}}"#;
    for (method, path, body) in
        [("GET", &list, ""), ("POST", &list, body), ("GET", &one, ""), ("PUT", &one, "{}"), ("DELETE", &one, "")]
    {
        let reply = server.user("alice").send(method, path, body).await;
        reply.expect(400, &in_the_path(code, "user_id", why));
    }
}

const FORMAT: &str = "VALUE_INCORRECT_FORMAT";
const EMPTY: &str = "must not be empty";
const DOTS: &str = "must not be '.' or '..'";
const CONTROL: &str = "must not hold control characters";
const ENCODING: &str = "must be percent-encoded UTF-8";

macro_rules! refused {
    ($($what:ident: $segment:expr, $code:expr, $why:expr;)*) => {
        mod a_name_in_a_path {
            use super::*;
            $(#[tokio::test] async fn $what() { refused_name($segment, $code, $why).await; })*
        }
        mod a_user_id_in_a_path {
            use super::*;
            $(#[tokio::test] async fn $what() { refused_user($segment, $code, $why).await; })*
        }
    };
}

refused! {
    that_is_empty: "", FORMAT, EMPTY;
    that_is_a_dot: ".", FORMAT, DOTS;
    that_is_two_dots: "..", FORMAT, DOTS;
    that_is_an_encoded_dot: "%2E", FORMAT, DOTS;
    that_is_two_encoded_dots: "%2e%2e", FORMAT, DOTS;
    that_is_a_dot_and_an_encoded_one: ".%2E", FORMAT, DOTS;
    with_nul: "a%00b", FORMAT, CONTROL;
    with_a_line_feed: "a%0ab", FORMAT, CONTROL;
    with_a_carriage_return: "%0Da", FORMAT, CONTROL;
    with_a_tab: "a%09", FORMAT, CONTROL;
    with_delete: "a%7f", FORMAT, CONTROL;
    with_a_c1_control: "a%c2%85", FORMAT, CONTROL;
    with_a_byte_that_utf8_never_has: "a%ff", FORMAT, ENCODING;
    with_an_overlong_slash: "%c0%af", FORMAT, ENCODING;
    with_an_overlong_nul: "%c0%80", FORMAT, ENCODING;
    with_an_encoded_surrogate: "%ed%a0%80", FORMAT, ENCODING;
    with_a_character_above_unicode: "%f4%90%80%80", FORMAT, ENCODING;
    with_a_cut_character: "a%c3", FORMAT, ENCODING;
    with_an_escape_of_no_digits: "%zz", FORMAT, ENCODING;
    with_an_escape_of_one_digit: "a%2", FORMAT, ENCODING;
    with_a_bare_percent: "100%", FORMAT, ENCODING;
    with_a_signed_escape: "%+1", FORMAT, ENCODING;
    with_another_sites_escape: "%u002F", FORMAT, ENCODING;
}

#[tokio::test]
async fn a_name_of_513_bytes_in_a_path_is_out_of_bounds() {
    let why = "must be at most 512 bytes of UTF-8, and has 513";
    refused_name(&"n".repeat(513), "VALUE_OUT_OF_BOUNDS", why).await;
    refused_name(&encode(&format!("n{}", "\u{e9}".repeat(256))), "VALUE_OUT_OF_BOUNDS", why).await;
}

#[tokio::test]
async fn a_user_id_of_257_bytes_in_a_path_is_out_of_bounds() {
    let why = "must be at most 256 bytes of UTF-8, and has 257";
    refused_user(&"u".repeat(257), "VALUE_OUT_OF_BOUNDS", why).await;
}

#[tokio::test]
async fn a_user_id_of_256_bytes_has_a_vault() {
    let server = Server::start().await;
    let user = "\u{e9}/".repeat(85) + "u";
    assert_eq!(user.len(), 256);
    server.user(&user).create(&user, &json!({ "name": "n", "data": {} })).await;
    let got = server.user(&user).get(&secret_path(&user, "n")).await.expect_status(200).json();
    assert_eq!((&got["owner_id"], &got["author"]), (&json!(user), &json!(user)));
}

/// A create with a refused name. `name` is JSON, so that texts that no string can hold can be sent, too.
async fn refused_in_a_body(name: &str, message: &str) {
    let server = Server::start().await;
    let alice = server.user("alice");
    let reply = alice.post(&secrets_path("alice"), format!("{{\"name\":{name},\"data\":{{}}}}")).await;
    reply.expect(400, &in_the_body(FORMAT, message));
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

macro_rules! refused_in_a_body {
    ($($what:ident: $name:expr, $message:expr;)*) => {
        mod a_name_in_a_body {
            $(#[tokio::test] async fn $what() { super::refused_in_a_body($name, $message).await; })*
        }
    };
}

refused_in_a_body! {
    that_is_empty: r#""""#, "name must not be empty";
    that_is_a_dot: r#"".""#, "name must not be '.' or '..'";
    that_is_two_dots: r#""\u002e.""#, "name must not be '.' or '..'";
    with_nul: r#""a\u0000b""#, "name must not hold control characters";
    with_a_line_feed: r#""a\nb""#, "name must not hold control characters";
    with_delete: r#""a\u007f""#, "name must not hold control characters";
    with_a_c1_control: "\"a\u{85}\"", "name must not hold control characters";
    with_a_lone_high_surrogate: r#""\ud800""#, "name must be Unicode text, without lone surrogates";
    with_a_lone_low_surrogate: r#""a\udc00b""#, "name must be Unicode text, without lone surrogates";
    with_surrogates_the_wrong_way_round: r#""\udc00\ud800""#, "name must be Unicode text, without lone surrogates";
}
