//! Rules for lines.

use devstack::tools::Need;

use super::{Place, document, lines, said, summary};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("the_newer_of_two_loaded_documents_counts_in_either_order", &[Need::Services], the_newer_of_two_counts),
    ("what_was_loaded_into_opensearch_before_is_unchanged", &[Need::Services], what_was_loaded_before_is_unchanged),
    ("lines_that_opensearch_refuses_can_be_mended_and_loaded", &[Need::Services], refused_lines_can_be_mended),
    ("both_stores_refuse_the_same_documents", &[Need::Services], both_stores_refuse_the_same_documents),
    ("a_load_without_an_alias_says_what_makes_one", &[Need::Services], a_load_without_an_alias),
    ("a_load_without_an_address_names_the_setting", &[Need::Services], a_load_without_an_address),
];

fn the_newer_of_two_counts(world: &World) {
    let place = Place::new(world.stack());
    let (old, new) = (document("a", 1), document("a", 2));
    let (other_old, other_new) = (document("b", 1), document("b", 2));
    let first = place.load(&[], &format!("{old}\n{other_new}\n"));
    assert_eq!((first.status.code(), &*summary(&first)), (Some(0), "2 loaded, 0 unchanged, 0 older, 0 refused"));
    let second = place.load(&[], &format!("{new}\n{other_old}\n"));
    assert_eq!((second.status.code(), &*summary(&second)), (Some(0), "1 loaded, 0 unchanged, 1 older, 0 refused"));
    assert_eq!(place.exported(), format!("{new}\n{other_new}\n"));
    // Also within one load.
    let both = format!("{}\n{}\n", document("c", 9), document("c", 8));
    assert_eq!(summary(&place.load(&[], &both)), "1 loaded, 0 unchanged, 1 older, 0 refused");
}

fn what_was_loaded_before_is_unchanged(world: &World) {
    let place = Place::new(world.stack());
    assert_eq!(summary(&place.load(&[], &lines(3))), "3 loaded, 0 unchanged, 0 older, 0 refused");
    assert_eq!(summary(&place.load(&[], &lines(4))), "1 loaded, 3 unchanged, 0 older, 0 refused");
}

fn refused_lines_can_be_mended(world: &World) {
    let place = Place::new(world.stack());
    let bad = "{\"id\":\"b\", \"created\":\"mend me\",\"modified\":\"2020-01-01T00:00:01Z\"}";
    let input = format!("{}\n{bad}\n{}\n", document("a", 1), document("c", 1));
    let output = place.load(&[], &input);
    assert_eq!((output.status.code(), &*summary(&output)), (Some(1), "2 loaded, 0 unchanged, 0 older, 1 refused"));
    let told = said(&output);
    assert!(told.starts_with("coffer: standard input, line 2: refused: mapper_parsing_exception"), "{told}");
    assert!(!told.contains("mend me"), "what is in a document isn't told: {told}");
    let kept = std::fs::read_to_string(place.folder.path().join("roles-refused.jsonl")).unwrap();
    assert!(kept.starts_with("# standard input, line 2: mapper_parsing_exception"), "{kept}");
    assert!(kept.ends_with(&format!("\n{bad}\n")), "{kept}");
    let output = place.load(&[], &kept.replace("mend me", "2020-01-01T00:00:01Z"));
    assert_eq!((output.status.code(), &*summary(&output)), (Some(0), "1 loaded, 0 unchanged, 0 older, 0 refused"));
}

/// Values at OpenSearch's limits, each with whether it takes them.
fn values() -> Vec<(String, bool)> {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"o\":".repeat(depth), "}".repeat(depth));
    let digits = |count: usize| "1".repeat(count);
    let named = |name: &str| format!("[{{\"{name}\":1}}]");
    vec![
        ("[{\"b\":1,\"b\":2}]".to_owned(), false),
        ("{\"b\":1,\"\\u0062\":2}".to_owned(), false),
        ("{\"\\ud83d\\ude00\":1,\"\u{1f600}\":2}".to_owned(), false),
        ("{\"b\":1,\"B\":2,\"b.\":3}".to_owned(), true),
        (nested(999), true),
        (nested(1_000), false),
        (objects(999), true),
        (objects(1_000), false),
        (digits(1_000), true),
        (digits(1_001), false),
        (format!("-0.{}", digits(999)), true),
        (format!("-0.{}", digits(1_000)), false),
        (format!("1e-{}", digits(999)), true),
        (format!("1e-{}", digits(1_000)), false),
        (named(&"\u{fc}".repeat(25_000)), true),
        (named(&"\u{fc}".repeat(25_001)), false),
        (named(&"\\u0061".repeat(50_000)), true),
        (named(&"\\u0061".repeat(50_001)), false),
        (named("\\ud800"), false),
        (named("\\ude00\\ud83d"), false),
        ("\"\\ud800\"".to_owned(), true),
    ]
}

fn both_stores_refuse_the_same_documents(world: &World) {
    let stack = world.stack();
    for (number, (value, taken)) in values().into_iter().enumerate() {
        let document = format!("{{\"id\":\"{number}\",\"synced\":\"2020-01-01T00:00:00Z\",\"x\":{value}}}");
        // OpenSearch itself, asked without us.
        let path = format!("roles/_doc/limits-{number}");
        let asked = stack.opensearch("PUT", &path, document.clone());
        let (status, text) = stack.runtime().block_on(asked);
        stack.runtime().block_on(stack.delete_document("roles", &format!("limits-{number}")));
        assert_eq!(status < 300, taken, "{number}: {status} {text}");
        let accepted = shared::document_validation::ValidDocument::parse(document.into());
        assert_eq!(accepted.is_ok(), taken, "{number}: {:?}", accepted.err());
    }
}

fn a_load_without_an_alias(world: &World) {
    let place = Place::without_index(world.stack());
    let output = place.load(&[], &lines(1));
    let alias = place.alias();
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    let told = said(&output);
    assert!(told.contains(&alias) && told.contains("coffer prepare"), "{told}");
    let output = place.export();
    let told = said(&output);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    assert!(told.contains(&alias) && told.contains("coffer prepare"), "{told}");
    // And no index came to be by the way.
    let (status, _) = world.stack().runtime().block_on(world.stack().opensearch("GET", &alias, String::new()));
    assert_eq!(status, 404);
}

fn a_load_without_an_address(world: &World) {
    let place = Place::without_index(world.stack());
    let output = place.load_through(Some(""), &[], "");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("COFFER_OPENSEARCH_URL is missing"), "{told}");
}
