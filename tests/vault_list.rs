//! The vault's contract for `GET …/secrets`: pages, their order, and their items.

use serde_json::{Value, json};

use crate::support::{Server, fault, fault_at, secret_path, secrets_path, utc};

/// A server on which alice has secrets of these names.
async fn with_secrets(names: &[&str]) -> Server {
    let server = Server::start().await;
    for name in names {
        server.user("alice").create("alice", &json!({ "name": name, "data": { "of": name } })).await;
    }
    server
}

/// The names on a page, in their order.
fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn page(server: &Server, query: &str) -> Value {
    server.user("alice").get(&format!("{}{query}", secrets_path("alice"))).await.expect_status(200).json()
}

#[tokio::test]
async fn an_empty_list_has_a_count_of_zero_and_an_empty_array() {
    let server = Server::start().await;
    let reply = server.user("alice").get(&secrets_path("alice")).await;
    reply.expect(200, &json!({ "count": 0, "items": [] }));
    assert_eq!(reply.text(), r#"{"count":0,"items":[]}"#);
}

#[tokio::test]
async fn a_list_holds_the_secrets_as_they_are_got_one_by_one() {
    let server = with_secrets(&["b", "a"]).await;
    let alice = server.user("alice");
    alice.put(&secret_path("alice", "a"), r#"{"read_roles":[{"id":"r"}]}"#).await.expect_status(200);
    let one = alice.get(&secret_path("alice", "a")).await.expect_status(200).json();
    let other = alice.get(&secret_path("alice", "b")).await.expect_status(200).json();
    alice.get(&secrets_path("alice")).await.expect(200, &json!({ "count": 2, "items": [one, other] }));
}

#[tokio::test]
async fn an_owners_item_has_all_members_and_no_other() {
    let server = with_secrets(&[]).await;
    let body = json!({
        "name": "a b", "data": { "k": [1] }, "read_roles": [{ "id": "r" }], "write_roles": [],
    });
    server.user("alice").create("alice", &body).await;
    let mut page = page(&server, "").await;
    let item = page["items"][0].as_object_mut().unwrap();
    for member in ["created", "updated"] {
        utc(&item.remove(member).unwrap());
    }
    assert_eq!(
        page,
        json!({
            "count": 1,
            "items": [{
                "name": "a b",
                "data": { "k": [1] },
                "read_roles": [{ "id": "r", "name": "", "deleted": false }],
                "write_roles": [],
                "author": "alice",
                "path": "/vault/api/v1/user/alice/secrets/a%20b",
                "updated_by": "alice",
                "owner_id": "alice",
            }],
        })
    );
}

#[tokio::test]
async fn a_managers_item_lacks_the_member_data_and_is_else_the_owners() {
    let server = with_secrets(&["a", "b"]).await;
    let mut owners = page(&server, "").await;
    for item in owners["items"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().remove("data").expect("the owner's items have data");
    }
    let manager = server.with("carol", &["vaultManage"], &[]);
    manager.get(&secrets_path("alice")).await.expect(200, &owners);
}

#[tokio::test]
async fn a_manager_who_lists_his_own_secrets_gets_their_data() {
    let server = with_secrets(&["a"]).await;
    let reply = server.with("alice", &["vaultManage"], &[]).get(&secrets_path("alice")).await;
    assert_eq!(reply.expect_status(200).json()["items"][0]["data"], json!({ "of": "a" }));
}

#[tokio::test]
async fn a_list_holds_nothing_of_other_owners() {
    let server = with_secrets(&["a"]).await;
    server.user("bob").get(&secrets_path("bob")).await.expect(200, &json!({ "count": 0, "items": [] }));
    server.user("bob").create("bob", &json!({ "name": "z", "data": {} })).await;
    assert_eq!(names(&page(&server, "").await), ["a"]);
}

#[tokio::test]
async fn items_are_ordered_by_name_bytewise() {
    let server = with_secrets(&["b", "é", "a/b", "B", "a", "a b", "10", "9", "\u{10348}", "\u{ffee}"]).await;
    let page = page(&server, "").await;
    assert_eq!(names(&page), ["10", "9", "B", "a", "a b", "a/b", "b", "é", "\u{ffee}", "\u{10348}"]);
}

// Pages.

#[tokio::test]
async fn a_page_starts_at_the_offset_and_ends_at_the_limit_and_counts_all() {
    let server = with_secrets(&["a", "b", "c", "d", "e"]).await;
    for (query, expected) in [
        ("?offset=0&limit=2", &["a", "b"][..]),
        ("?offset=1&limit=2", &["b", "c"]),
        ("?limit=1&offset=4", &["e"]),
        ("?offset=3", &["d", "e"]),
        ("?limit=3", &["a", "b", "c"]),
        ("?offset=4&limit=100", &["e"]),
        ("?limit=007", &["a", "b", "c", "d", "e"]),
    ] {
        let page = page(&server, query).await;
        assert_eq!((names(&page), &page["count"]), (expected.to_vec(), &json!(5)), "{query}");
    }
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty_and_counts_all() {
    let server = with_secrets(&["a", "b"]).await;
    for query in ["?offset=2", "?offset=1000000", "?offset=18446744073709551615&limit=100"] {
        assert_eq!(page(&server, query).await, json!({ "count": 2, "items": [] }), "{query}");
    }
}

#[tokio::test]
async fn a_page_has_one_hundred_items_unless_another_limit_is_given() {
    let server = Server::start().await;
    for i in 0..101 {
        server.user("alice").create("alice", &json!({ "name": format!("{i:03}"), "data": {} })).await;
    }
    for query in ["", "?limit=100"] {
        let page = page(&server, query).await;
        let names = names(&page);
        assert_eq!((names.len(), names[0], names[99]), (100, "000", "099"), "{query}");
        assert_eq!(page["count"], 101, "{query}");
    }
    assert_eq!(names(&page(&server, "?offset=100").await), ["100"]);
}

macro_rules! ignored {
    ($($name:ident: $query:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_secrets(&["b", "a"]).await;
            let plain = page(&server, "").await;
            assert_eq!(names(&plain), ["a", "b"]);
            assert_eq!(page(&server, $query).await, plain);
        }
    )*};
}

ignored! {
    a_bare_question_mark_is_ignored: "?";
    sorting_is_ignored: "?sortkey=updated&sortdir=DESC";
    a_filter_is_ignored: "?filter=nothing";
    parameters_that_nobody_knows_are_ignored: "?x=1&x=2&Limit=1&=&&%00";
}

macro_rules! refused {
    ($($name:ident: $query:literal => $code:literal, $property:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_secrets(&["a"]).await;
            let range = if $property == "limit" { "1 to 100" } else { "0 to 18446744073709551615" };
            let message = format!("{} must be one whole number from {range}", $property);
            let reply = server.user("alice").get(&format!("{}{}", secrets_path("alice"), $query)).await;
            reply.expect(400, &fault_at($code, $property, &message));
        }
    )*};
}

refused! {
    a_limit_of_zero_is_out_of_bounds: "?limit=0" => "VALUE_OUT_OF_BOUNDS", "limit";
    a_limit_above_one_hundred_is_out_of_bounds: "?limit=101" => "VALUE_OUT_OF_BOUNDS", "limit";
    a_limit_below_zero_is_out_of_bounds: "?limit=-1" => "VALUE_OUT_OF_BOUNDS", "limit";
    a_limit_of_many_digits_is_out_of_bounds: "?limit=99999999999999999999999" => "VALUE_OUT_OF_BOUNDS", "limit";
    a_limit_of_letters_is_no_number: "?limit=ten" => "VALUE_INCORRECT_TYPE", "limit";
    a_limit_with_a_fraction_is_no_number: "?limit=1.5" => "VALUE_INCORRECT_TYPE", "limit";
    a_limit_with_an_exponent_is_no_number: "?limit=1e1" => "VALUE_INCORRECT_TYPE", "limit";
    a_limit_of_nothing_is_no_number: "?limit=" => "VALUE_INCORRECT_TYPE", "limit";
    a_limit_with_a_space_is_no_number: "?limit=+5" => "VALUE_INCORRECT_TYPE", "limit";
    two_limits_are_refused: "?limit=1&limit=2" => "VALUE_INCORRECT_FORMAT", "limit";
    an_offset_below_zero_is_out_of_bounds: "?offset=-1" => "VALUE_OUT_OF_BOUNDS", "offset";
    an_offset_above_all_numbers_is_out_of_bounds: "?offset=18446744073709551616" => "VALUE_OUT_OF_BOUNDS", "offset";
    an_offset_of_letters_is_no_number: "?offset=x" => "VALUE_INCORRECT_TYPE", "offset";
    an_offset_of_nothing_is_no_number: "?offset" => "VALUE_INCORRECT_TYPE", "offset";
    two_offsets_are_refused: "?offset=0&offset=0" => "VALUE_INCORRECT_FORMAT", "offset";
}

// Entity tags, and refused callers.

#[tokio::test]
async fn the_tag_of_a_list_changes_with_its_content_alone() {
    let server = with_secrets(&["a", "b"]).await;
    let alice = server.user("alice");
    let tag = async || alice.get(&secrets_path("alice")).await.expect_status(200).header("etag").to_owned();
    let first = tag().await;
    assert!(first.len() > 2 && first.starts_with('"') && first.ends_with('"'), "{first}");
    assert_eq!(tag().await, first);
    alice.put(&secret_path("alice", "a"), r#"{"data":{}}"#).await.expect_status(200);
    let second = tag().await;
    assert_ne!(second, first);
    alice.delete(&secret_path("alice", "b")).await.expect_status(200);
    assert_ne!(tag().await, second);
}

#[tokio::test]
async fn another_owners_list_is_refused_whether_there_is_one_or_not() {
    let server = with_secrets(&["a"]).await;
    let bob = server.user("bob");
    for owner in ["alice", "nobody"] {
        bob.get(&secrets_path(owner)).await.expect(403, &fault("PERMISSION_DENIED", "Permission denied"));
    }
}
