//! Bytes of stored data: `data` byte for byte on each way in and out, its limit in bytes, and its state after an
//! update.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Server, holds_for_any, secret_path, secrets_path};

/// The raw `data` of an answer with one secret.
fn data_of(reply: &Reply) -> String {
    #[derive(Deserialize)]
    struct Secret<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let secret: Secret<'_> = serde_json::from_slice(&reply.expect_status(200).body).unwrap();
    secret.data.get().to_owned()
}

/// The raw `data` of the only item of a list.
fn data_of_the_only_item(reply: &Reply) -> String {
    #[derive(Deserialize)]
    struct Item<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        items: Vec<Item<'a>>,
    }
    let list: List<'_> = serde_json::from_slice(&reply.expect_status(200).body).unwrap();
    assert_eq!(list.items.len(), 1);
    list.items[0].data.get().to_owned()
}

/// Creates a secret named `n` with this very text as data.
async fn create(client: &Client, user: &str, data: &str) -> Reply {
    client.post(&secrets_path(user), format!("{{\"name\":\"n\",\"data\":{data}}}")).await
}

/// Sends data by create and by update, and compares the results of get and list.
async fn round_trip(server: &Server, user: &str, data: &str) {
    let (client, path) = (server.user(user), secret_path(user, "n"));
    create(&client, user, data).await.expect_status(201);
    assert_eq!(data_of(&client.get(&path).await), data);
    assert_eq!(data_of_the_only_item(&client.get(&secrets_path(user)).await), data);
    client.put(&path, r#"{"data":{"other":[]}}"#).await.expect_status(200);
    client.put(&path, format!("{{\"data\":{data}}}")).await.expect_status(200);
    assert_eq!(data_of(&client.get(&path).await), data);
    assert_eq!(data_of_the_only_item(&client.get(&secrets_path(user)).await), data);
}

macro_rules! comes_back {
    ($($what:ident: $data:expr;)*) => {
        mod data_comes_back_byte_for_byte {
            use super::*;
            $(#[tokio::test] async fn $what() { round_trip(&Server::start().await, "alice", &$data).await; })*
        }
    };
}

comes_back! {
    empty: "{}";
    empty_with_spaces: "{ \n }";
    with_whole_numbers_beyond_64_bits: r#"{"a":18446744073709551616,"b":123456789012345678901234567890}"#;
    with_negative_numbers_beyond_64_bits: r#"{"a":-9223372036854775809,"b":-123456789012345678901234567890}"#;
    with_whole_numbers_beyond_doubles: r#"{"a":9007199254740993,"b":[9007199254740992,9007199254740991]}"#;
    with_more_digits_than_doubles_have: r#"{"a":0.1000000000000000055511151231257827021181583404541015625}"#;
    with_numbers_larger_than_doubles: r#"{"a":1e400,"b":-1e400,"c":1E+999999999999}"#;
    with_numbers_smaller_than_doubles: r#"{"a":1e-400,"b":-1E-999999999999}"#;
    with_negative_zeros: r#"{"a":-0,"b":-0.0,"c":-0e0,"d":0.00}"#;
    with_any_spelling_of_an_exponent: r#"{"a":1E+2,"b":1e2,"c":1e+02,"d":1.0E-00,"e":100}"#;
    with_keys_out_of_order: r#"{"z":1,"a":2,"10":3,"9":4,"":5}"#;
    with_repeated_keys: r#"{"a":1,"a":2,"b":{"c":1,"\u0063":2},"a":3}"#;
    with_white_space_inside: "{ \"a\" :\t[ 1 ,\r\n  2 ] ,\n\n\"b\":{ } }";
    with_white_space_in_strings: "{\"a\":\"  two  spaces  \",\"b\":\"\\n\\t\\r\"}";
    with_escapes_of_ascii: r#"{"\u0041":"\u0041A\u0061","b":"\/ /","c":"\" \\ \b\f\n\r\t"}"#;
    with_escapes_of_control_characters: r#"{"a":"\u0000\u001F\u001f\u007f\u0085"}"#;
    with_surrogate_pairs: r#"{"a":"\ud83d\ude00","b":"\uD83D\uDE00"}"#;
    with_lone_surrogates: r#"{"a":"\ud800","b":"x\udfffy","c":"\ude00\ud83d","\ud800":1}"#;
    with_raw_unicode: "{\"\u{e9}\":\"e\u{301} \u{1d11e} \u{2028}\u{2029} \u{feff} \u{fffe} \u{10ffff} \u{7f}\u{85}\"}";
    with_null_true_and_false: r#"{"a":null,"b":[true,false,null]}"#;
    with_members_that_have_names_of_ours: r#"{"name":"x","data":{"data":null},"read_roles":[],"owner_id":"mallory"}"#;
    with_names_that_libraries_reserve: r#"{"$serde_json::private::RawValue":"{}","$serde_json::private::Number":"1"}"#;
    with_text_that_looks_like_markup: r#"{"a":"</script><!-- & %00 ${x} {{y}} '; --"}"#;
    with_objects_nested_5000_deep: format!("{}{{}}{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    with_arrays_nested_30000_deep: format!("{{\"a\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    of_64_kib_exactly: sized(65_536);
    of_64_kib_of_backslashes: format!("{{\"a\":\"{}\"}}", r"\\".repeat((65_536 - 8) / 2));
}

/// An object of that many bytes.
fn sized(bytes: usize) -> String {
    format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - r#"{"a":""}"#.len()))
}

/// The refusal of data that is too large.
fn too_large(length: usize) -> Value {
    let message = format!("data must have at most 65536 bytes as sent, and has {length}");
    json!({
        "error_code": "VALUE_OUT_OF_BOUNDS", "error_message": message, "property": "data",
        "details": [{ "error_code": "VALUE_OUT_OF_BOUNDS", "error_message": message, "property": "data" }],
    })
}

#[tokio::test]
async fn data_of_one_byte_more_than_64_kib_is_refused_on_create() {
    let server = Server::start().await;
    let alice = server.user("alice");
    create(&alice, "alice", &sized(65_537)).await.expect(400, &too_large(65_537));
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

#[tokio::test]
async fn data_of_one_byte_more_than_64_kib_is_refused_on_update_and_changes_nothing() {
    let server = Server::start().await;
    let (alice, path) = (server.user("alice"), secret_path("alice", "n"));
    create(&alice, "alice", "{}").await.expect_status(201);
    let before = alice.get(&path).await.json();
    let reply = alice.put(&path, format!("{{\"data\":{}}}", sized(65_537))).await;
    reply.expect(400, &too_large(65_537));
    alice.get(&path).await.expect(200, &before);
}

#[tokio::test]
async fn data_is_measured_as_it_was_sent_not_as_it_could_be_written() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let spaces = format!("{{{}}}", " ".repeat(65_535));
    create(&alice, "alice", &spaces).await.expect(400, &too_large(65_537));
    let escapes = format!("{{\"a\":\"{}\"}}", r"\u0041".repeat(10_922));
    create(&alice, "alice", &escapes).await.expect(400, &too_large(65_540));
    let characters = format!("{{\"a\":\"{}\"}}", "\u{e9}".repeat(32_765));
    create(&alice, "alice", &characters).await.expect(400, &too_large(65_538));
}

#[tokio::test]
async fn data_is_measured_without_the_white_space_around_it() {
    let server = Server::start().await;
    let (alice, around) = (server.user("alice"), " \n\t".repeat(1000));
    let body = format!("{{\"name\":\"n\",\"data\":{around}{}{around}}}", sized(65_536));
    alice.post(&secrets_path("alice"), body).await.expect_status(201);
    assert_eq!(data_of(&alice.get(&secret_path("alice", "n")).await), sized(65_536));
}

#[tokio::test]
async fn the_largest_data_is_a_setting() {
    let server = Server::builder().setting("COFFER_MAX_DATA_BYTES", "10").start().await;
    let alice = server.user("alice");
    create(&alice, "alice", r#"{"a":"xx"}"#).await.expect_status(201);
    let message = "data must have at most 10 bytes as sent, and has 11";
    let reply = create(&alice, "alice", r#"{"a":"xxx"}"#).await;
    assert_eq!(reply.expect_status(400).json()["error_message"], message);
}

/// Text between the tokens of JSON.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

/// A string with all kinds of escapes.
fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[ !#-\\[\\]-~]{0,8}",
        "[^\\x00-\\x1f\"\\\\]",
        "\\\\[\"\\\\/bfnrt]",
        "\\\\u[0-9a-fA-F]{4}",
        "\\\\u[dD][89abAB][0-9a-f]{2}\\\\u[dD][c-fC-F][0-9a-f]{2}",
    ];
    vec(part, 0..5).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// Any JSON object, in any spelling of it. Keys may repeat.
fn objects() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        "true|false",
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,5})?",
        string(),
    ];
    let value = leaf.prop_recursive(4, 48, 5, |inner| {
        let spaced = (gap(), inner.clone(), gap()).prop_map(|(before, value, after)| format!("{before}{value}{after}"));
        let array = vec(spaced, 1..5).prop_map(|values| format!("[{}]", values.join(",")));
        prop_oneof![array, gap().prop_map(|gap| format!("[{gap}]")), object(inner)]
    });
    object(value)
}

/// An object with members of this kind.
fn object(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (gap(), string(), gap(), gap(), values, gap())
        .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"));
    let members = vec(member, 1..5).prop_map(|members| members.join(","));
    prop_oneof![1 => gap(), 9 => members].prop_map(|inside| format!("{{{inside}}}"))
}

#[test]
fn any_object_comes_back_byte_for_byte() {
    let users = std::sync::atomic::AtomicU32::new(0);
    holds_for_any(64, &objects(), &async |server, data| {
        // A user of its own: a run that failed leaves its secret behind.
        let user = format!("user-{}", users.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        round_trip(server, &user, &data).await;
    });
}
