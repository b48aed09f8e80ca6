//! get-document on OpenSearch.

use std::fmt::Write;

use devstack::examples;
use devstack::sandbox::Function;
use devstack::stack::Stack;
use devstack::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "a_document_of_each_type_comes_back_byte_for_byte",
        &[Need::Services],
        a_document_of_each_type_comes_back_byte_for_byte,
    ),
    ("documents_come_back_as_they_were_put", &[Need::Services], documents_come_back_as_they_were_put),
    ("a_document_that_is_not_there_is_not_found", &[Need::Services], a_document_that_is_not_there_is_not_found),
    (
        "an_index_that_is_not_there_is_a_fault_of_the_deployment",
        &[Need::Services],
        an_index_that_is_not_there_is_a_fault_of_the_deployment,
    ),
];

/// Puts a document where the function finds it.
fn put(stack: &Stack, index: &str, id: &str, document: &str) {
    stack.runtime().block_on(stack.put_document(index, id, document));
}

fn a_document_of_each_type_comes_back_byte_for_byte(world: &World) {
    let stack = world.stack();
    let get = Function::start(stack, "get-document");
    for (index, id, document) in examples::documents_of("read") {
        put(stack, index, &id, &document);
        for prefix in
            ["/search", "/v3/search", "/beta/search", "/v2024/search", "/v2025/search", "/v2026/search", "/search/v1"]
        {
            let answer = get.call("reader", "GET", &format!("{prefix}/{index}/{id}"), "");
            assert_eq!(answer.expect_status(200).body, document);
            assert_eq!(answer.headers["content-type"], "application/json");
        }
    }
}

fn documents_come_back_as_they_were_put(world: &World) {
    let stack = world.stack();
    let get = Function::start(stack, "get-document");
    let ids = ["a/b", "a%2Fb", "a+b", "a b", "ü€", "2c9180865c45e7e3015c46c434a80622", "42", "*", "_search"];
    for (i, id) in ids.into_iter().enumerate() {
        let document = format!(
            "{{ \"id\" : {},\n\t\"z\":18446744073709551615, \"a\" : [ 1.0,1e2 ,null ], \"t\":\"\\u00fc\\/{i}\",  \"o\":{{}} }}",
            serde_json::to_string(id).unwrap()
        );
        put(stack, "events", id, &document);
        let mut path = "/search/events/".to_owned();
        write!(path, "{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)).unwrap();
        let answer = get.call("reader", "GET", &path, "");
        assert_eq!(answer.expect_status(200).body, document);
    }
}

fn a_document_that_is_not_there_is_not_found(world: &World) {
    let stack = world.stack();
    put(stack, "roles", "there", "{\"id\":\"there\"}");
    let get = Function::start(stack, "get-document");
    let answer = get.call("reader", "GET", "/search/roles/not-there", "");
    assert_eq!(answer.expect_status(404).json()["detailCode"], "404 Not found");
}

fn an_index_that_is_not_there_is_a_fault_of_the_deployment(world: &World) {
    let stack = world.stack();
    let get = Function::start_with(stack, "get-document", &[("COFFER_OPENSEARCH_ALIAS_PREFIX", "nowhere-")]);
    let answer = get.call("reader", "GET", "/search/roles/x", "");
    assert_eq!(answer.expect_status(500).json()["detailCode"], "500.0 Internal Fault");
    assert!(get.log().contains("index_not_found_exception"), "{}", get.log());
    assert!(!answer.body.contains("index_not_found"));
}
