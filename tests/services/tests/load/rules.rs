//! What becomes of lines.

use services::tools::Need;

use super::{Place, document, lines, said, summary};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("the_newer_of_two_loaded_documents_counts_in_either_order", &[Need::Services], the_newer_of_two_counts),
    ("what_was_loaded_into_opensearch_before_is_unchanged", &[Need::Services], what_was_loaded_before_is_unchanged),
    ("lines_that_opensearch_refuses_can_be_mended_and_loaded", &[Need::Services], refused_lines_can_be_mended),
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
