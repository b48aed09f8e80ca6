//! The search contract's good case: a document comes back as it was stored, under every path, for every permitted
//! reader.

use std::time::Duration;

use local::tokens::Grant;
use serde_json::{Value, json};

use crate::support::{Claims, Client, Reply, Server, TestKey, encode, search_fault};

/// The six examples that come with the repository: index, id and document.
pub const EXAMPLES: [(&str, &str, &str); 6] = [
    ("accessprofiles", "2c9180825a6c1adc015a71c9023f0818", include_str!("../examples/accessprofiles.jsonl")),
    ("accountactivities", "2c9180856fb5a1d2016fc0b7e4d10943", include_str!("../examples/accountactivities.jsonl")),
    ("entitlements", "2c9180946ed0c43d016eec1a80892fbd", include_str!("../examples/entitlements.jsonl")),
    ("events", "e092842f-c904-4b59-aac8-2544abeeef4b", include_str!("../examples/events.jsonl")),
    ("identities", "2c9180865c45e7e3015c46c434a80622", include_str!("../examples/identities.jsonl")),
    ("roles", "2c91808c6faadea6016fb4f2bc69077b", include_str!("../examples/roles.jsonl")),
];

/// A client of alice with these scopes and user levels.
pub fn reader(server: &Server, scopes: &[&str], levels: &[&str]) -> Client {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let grant = Grant {
        user: "alice".to_owned(),
        scopes: words(scopes),
        roles: Vec::new(),
        authorities: words(levels),
        lifetime: Duration::from_secs(3600),
    };
    server.client(Some(server.signing_key().sign(&grant).unwrap().to_string()))
}

/// The body of a 403.
pub fn forbidden() -> Value {
    search_fault("403 Forbidden", "The server understood the request but refuses to authorize it.")
}

/// Holds an answer to be this very document.
#[track_caller]
fn is_document(reply: &Reply, document: &str) {
    assert_eq!((reply.status, reply.text()), (200, document));
    assert_eq!(reply.header("content-type"), "application/json");
    let id = reply.header("x-request-id");
    assert!(id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
}

// Paths.

macro_rules! prefixes {
    ($($name:ident: $prefix:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            for (index, id, document) in EXAMPLES {
                server.store_document(index, id, document).await;
                is_document(&server.user("alice").get(&format!("{}/{index}/{id}", $prefix)).await, document);
            }
        }
    )*};
}

prefixes! {
    a_document_of_each_type_comes_back_byte_for_byte: "/search";
    a_document_of_each_type_comes_back_under_v3: "/v3/search";
    a_document_of_each_type_comes_back_under_beta: "/beta/search";
    a_document_of_each_type_comes_back_under_v2024: "/v2024/search";
    a_document_of_each_type_comes_back_under_v2025: "/v2025/search";
    a_document_of_each_type_comes_back_under_v2026: "/v2026/search";
    a_document_of_each_type_comes_back_under_search_v1: "/search/v1";
}

macro_rules! ids {
    ($($name:ident: $id:expr => $path:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let document = r#"{"found":true}"#;
            server.store_document("events", &$id, document).await;
            for prefix in ["/search", "/search/v1"] {
                is_document(&server.user("alice").get(&format!("{prefix}/events/{}", $path)).await, document);
            }
        }
    )*};
}

ids! {
    an_id_of_32_hexadecimal_digits_is_found:
        "2c9180825a6c1adc015a71c9023f0818" => "2c9180825a6c1adc015a71c9023f0818";
    an_id_that_is_a_uuid_is_found:
        "e092842f-c904-4b59-aac8-2544abeeef4b" => "e092842f-c904-4b59-aac8-2544abeeef4b";
    an_id_of_64_hexadecimal_digits_is_found: "0f".repeat(32) => "0f".repeat(32);
    an_id_that_is_a_number_is_found: "22751" => "22751";
    an_id_with_a_slash_is_found: "a/b" => "a%2Fb";
    an_id_with_a_slash_encoded_in_lower_case_is_found: "a/b" => "a%2fb";
    an_id_with_a_percent_sign_is_found: "50%" => "50%25";
    an_id_that_looks_encoded_is_decoded_once: "a%2Fb" => "a%252Fb";
    an_id_with_a_bare_plus_is_found: "a+b" => "a+b";
    an_id_with_an_encoded_plus_is_found: "a+b" => "a%2Bb";
    an_id_with_a_space_is_found: "a b" => "a%20b";
    an_id_with_letters_beyond_ascii_is_found: "für-\u{10348}" => "f%C3%BCr-%F0%90%8D%88";
    an_id_with_a_question_mark_and_a_hash_is_found: "a?b#c" => "a%3Fb%23c";
    an_id_that_only_partly_needed_encoding_is_found: "CN=x,OU=y@z:1;2" => "CN=x,OU%3Dy@z:1;2";
    an_id_of_the_greatest_length_is_found: "i".repeat(512) => "i".repeat(512);
    an_id_that_is_encoded_throughout_is_found: "identity-1" => encode("identity-1");
    an_id_named_like_an_index_is_found: "identities" => "identities";
}

#[tokio::test]
async fn ids_are_told_apart_letter_by_letter() {
    let server = Server::start().await;
    server.store_document("events", "ab", r#"{"id":"ab"}"#).await;
    server.store_document("events", "AB", r#"{"id":"AB"}"#).await;
    is_document(&server.user("alice").get("/search/events/ab").await, r#"{"id":"ab"}"#);
    is_document(&server.user("alice").get("/search/events/AB").await, r#"{"id":"AB"}"#);
}

#[tokio::test]
async fn indices_are_told_apart() {
    let server = Server::start().await;
    for (index, ..) in EXAMPLES {
        server.store_document(index, "1", &format!(r#"{{"in":"{index}"}}"#)).await;
    }
    for (index, ..) in EXAMPLES {
        let reply = server.user("alice").get(&format!("/search/{index}/1")).await;
        is_document(&reply, &format!(r#"{{"in":"{index}"}}"#));
    }
}

#[tokio::test]
async fn a_query_and_a_content_type_and_a_body_are_ignored() {
    let server = Server::start().await;
    server.store_document("roles", "1", r#"{"a":1}"#).await;
    for query in ["?", "?x=1&x=2", "?count=true"] {
        let client = server.user("alice").header("content-type", "application/json");
        is_document(&client.send("GET", &format!("/search/roles/1{query}"), "{").await, r#"{"a":1}"#);
    }
}

// Verbatim.

macro_rules! verbatim {
    ($($name:ident: $document:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let document: &str = &$document;
            server.store_document("identities", "x", document).await;
            is_document(&server.user("alice").get("/search/identities/x").await, document);
        }
    )*};
}

verbatim! {
    an_empty_document_comes_back_as_it_is: "{}";
    members_that_no_schema_lists_come_back: r#"{"id":"x","pod":"se01","_version":"v7","org":{"deep":[{"er":[]}]}}"#;
    members_of_null_come_back: r#"{"id":"x","name":null,"accounts":null,"owner":{"id":null},"tags":[null]}"#;
    an_object_where_an_array_is_announced_comes_back: r#"{"owns":{"sources":[{"id":"1"}],"roles":[]},"ownsCount":2}"#;
    numbers_as_strings_come_back_as_strings: r#"{"accessCount":"3","isManager":"false","entitlementCount":4}"#;
    numbers_of_any_size_and_spelling_come_back:
        r#"{"a":123456789012345678901234567890,"b":1.10,"c":1e400,"d":-0,"e":1E+2,"f":0.1000000000000000055511151231}"#;
    odd_spacing_comes_back: "\n\t { \"a\" :1 ,\r\n\"b\":[ ] }\n \n";
    times_with_and_without_milliseconds_come_back:
        r#"{"created":"2018-12-07T01:07:48Z","modified":"2019-12-09T19:19:50.154Z","synced":"2020-02-19T04:30:32.906000+0000"}"#;
    escapes_and_letters_come_back_as_they_were_written: r#"{"n":"\u00fc\/\u2028","m":"ü/","o":"\ud83d\ude00😀"}"#;
    the_order_of_members_and_repeated_members_come_back: r#"{"z":1,"a":2,"m":3,"a":4}"#;
    deeply_nested_members_come_back: format!(r#"{{"a":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    a_document_of_megabytes_comes_back: format!(r#"{{"a":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
}

#[tokio::test]
async fn a_document_that_was_stored_again_comes_back_in_its_new_state() {
    let server = Server::start().await;
    server.store_document("roles", "1", r#"{"v":1}"#).await;
    is_document(&server.user("alice").get("/search/roles/1").await, r#"{"v":1}"#);
    server.store_document("roles", "1", r#"{"v":2}"#).await;
    is_document(&server.user("alice").get("/search/roles/1").await, r#"{"v":2}"#);
}

// The member `_type`.

#[tokio::test]
async fn no_type_is_added_unless_it_was_asked_for() {
    for value in ["", "false"] {
        let server = Server::builder().setting("COFFER_SEARCH_ADD_TYPE", value).start().await;
        server.store_document("roles", "1", r#"{"id":"1"}"#).await;
        is_document(&server.user("alice").get("/search/roles/1").await, r#"{"id":"1"}"#);
    }
}

#[tokio::test]
async fn the_type_of_each_index_is_added_as_the_first_member_and_nothing_else_changes() {
    let server = Server::builder().setting("COFFER_SEARCH_ADD_TYPE", "true").start().await;
    let types = ["accessprofile", "accountactivity", "entitlement", "event", "identity", "role"];
    for ((index, id, document), kind) in EXAMPLES.into_iter().zip(types) {
        server.store_document(index, id, document).await;
        let reply = server.user("alice").get(&format!("/search/{index}/{id}")).await;
        is_document(&reply, &format!(r#"{{"_type":"{kind}",{}"#, &document[1..]));
    }
}

macro_rules! typed {
    ($($name:ident: $stored:literal => $answered:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::builder().setting("COFFER_SEARCH_ADD_TYPE", "true").start().await;
            server.store_document("events", "x", $stored).await;
            is_document(&server.user("alice").get("/search/events/x").await, $answered);
        }
    )*};
}

typed! {
    a_type_is_added_to_an_empty_document: "{}" => r#"{"_type":"event"}"#;
    a_type_is_added_to_an_empty_document_with_spaces: " { \n} " => " {\"_type\":\"event\" \n} ";
    a_type_is_added_before_odd_spacing: "\n{ \"a\" : 1e400 }\n" => "\n{\"_type\":\"event\", \"a\" : 1e400 }\n";
    a_type_of_an_inner_object_is_none_of_the_document:
        r#"{"a":{"_type":"x"},"b":"_type"}"# => r#"{"_type":"event","a":{"_type":"x"},"b":"_type"}"#;
    a_type_that_is_there_already_is_left_alone:
        r#"{"id":"x","_type":"aggregation"}"# => r#"{"id":"x","_type":"aggregation"}"#;
    a_type_of_null_that_is_there_already_is_left_alone: r#"{"_type":null}"# => r#"{"_type":null}"#;
    an_escaped_type_that_is_there_already_is_left_alone:
        r#"{"\u005ftype":"event"}"# => r#"{"\u005ftype":"event"}"#;
    a_type_beside_a_repeated_member_is_left_alone:
        r#"{"_type":"event","a":1,"a":2}"# => r#"{"_type":"event","a":1,"a":2}"#;
    a_type_is_added_beside_a_repeated_member: r#"{"a":1,"a":2}"# => r#"{"_type":"event","a":1,"a":2}"#;
}

// Permitted readers.

const DOCUMENT: &str = r#"{"id":"x"}"#;

async fn with_document() -> Server {
    let server = Server::start().await;
    server.store_document("identities", "x", DOCUMENT).await;
    server
}

macro_rules! levels {
    ($($name:ident: $level:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_document().await;
            let client = reader(&server, &["sp:search:read"], &[$level]);
            is_document(&client.get("/search/identities/x").await, DOCUMENT);
        }
    )*};
}

levels! {
    an_org_admin_may_read: "ORG_ADMIN";
    a_cert_admin_may_read: "CERT_ADMIN";
    a_report_admin_may_read: "REPORT_ADMIN";
    a_source_admin_may_read: "SOURCE_ADMIN";
    a_source_subadmin_may_read: "SOURCE_SUBADMIN";
    a_role_admin_may_read: "ROLE_ADMIN";
    a_role_subadmin_may_read: "ROLE_SUBADMIN";
}

#[tokio::test]
async fn one_level_among_others_suffices() {
    let server = with_document().await;
    let client = reader(&server, &["user", "sp:search:read"], &["HELPDESK", "REPORT_ADMIN"]);
    is_document(&client.get("/search/identities/x").await, DOCUMENT);
}

#[tokio::test]
async fn the_scope_for_everything_suffices() {
    let server = with_document().await;
    let client = reader(&server, &["sp:scopes:all"], &["ORG_ADMIN"]);
    is_document(&client.get("/search/identities/x").await, DOCUMENT);
}

#[tokio::test]
async fn no_level_is_asked_for_where_the_setting_says_none() {
    let server = Server::builder().setting("COFFER_SEARCH_AUTHORITIES", "none").start().await;
    server.store_document("identities", "x", DOCUMENT).await;
    is_document(&reader(&server, &["sp:search:read"], &[]).get("/search/identities/x").await, DOCUMENT);
    // The scope is asked for all the same.
    let reply = reader(&server, &["user"], &["ORG_ADMIN"]).get("/search/identities/x").await;
    reply.expect_search_error(403, &forbidden());
}

#[tokio::test]
async fn the_levels_of_the_setting_replace_the_usual_ones() {
    let server = Server::builder().setting("COFFER_SEARCH_AUTHORITIES", "AUDITOR, HELPDESK").start().await;
    server.store_document("identities", "x", DOCUMENT).await;
    for level in ["AUDITOR", "HELPDESK"] {
        is_document(&reader(&server, &["sp:search:read"], &[level]).get("/search/identities/x").await, DOCUMENT);
    }
    for level in ["ORG_ADMIN", "none", "AUDITOR,"] {
        let reply = reader(&server, &["sp:search:read"], &[level]).get("/search/identities/x").await;
        reply.expect_search_error(403, &forbidden());
    }
}

macro_rules! scopes {
    ($($name:ident: $scope:expr, $levels:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("k");
            let server = Server::builder().setting("COFFER_JWT_KEYS", TestKey::key_set(&[&key])).start().await;
            server.store_document("identities", "x", DOCUMENT).await;
            let claims = Claims::good().with("scope", json!($scope)).with("authorities", json!($levels));
            is_document(&server.client(Some(key.sign(&claims))).get("/search/identities/x").await, DOCUMENT);
        }
    )*};
}

scopes! {
    scopes_in_an_array_are_read: ["idn:x:read", "sp:search:read"], ["ORG_ADMIN"];
    scopes_in_a_string_are_read: "idn:x:read sp:search:read", ["ORG_ADMIN"];
    levels_in_a_string_are_read: ["sp:search:read"], "HELPDESK ORG_ADMIN";
}
