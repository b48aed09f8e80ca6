//! Documents that the indices take, and the searches that find them.

use bytes::Bytes;
use devstack::proxy::{Fault, Proxy};
use devstack::random::Random;
use devstack::tools::Need;
use serde_json::{Map, Value, json};
use shared::names::IndexName;
use shared::search::{Outcome, WriteDocuments};

use super::{Indices, change, said};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("documents_of_any_form_are_stored_and_grow_no_mapping", &[Need::Services], documents_of_any_form),
    ("documents_are_found_by_typed_fields", &[Need::Services], documents_are_found_by_typed_fields),
    ("a_second_preparation_only_looks", &[Need::Services], a_second_preparation_only_looks),
    (
        "an_older_cluster_gets_plain_indices_until_it_is_upgraded",
        &[Need::Services],
        an_older_cluster_gets_plain_indices,
    ),
    ("an_index_in_the_place_of_an_alias_is_named", &[Need::Services], an_index_in_the_place_of_an_alias),
    ("old_indices_and_old_deletes_go_when_that_is_asked_for", &[Need::Services], old_indices_and_old_deletes_go),
];

/// Document, path, type, and whether null is announced.
const FIELDS: &str = include_str!("../../../document-fields.txt");

/// The paths of a type's documented fields, but for the id, without which nothing is let in.
fn paths(index: IndexName) -> Vec<&'static str> {
    let rows = FIELDS.lines().filter_map(|line| line.split_once("Document\t"));
    let of_index = rows.filter(|(document, _)| document.eq_ignore_ascii_case(index.document_type()));
    of_index.map(|(_, rest)| rest.split('\t').next().unwrap()).filter(|path| *path != "id").collect()
}

/// Values of which each documented type refuses some.
fn odd(random: &mut Random) -> Value {
    match random.below(10) {
        0 => json!({ "unannounced": { "deep": [1, { "x": null }] } }),
        1 => json!([[["a"]], { "b": 1 }, 2, null]),
        2 => json!("neither a date nor a number"),
        3 => json!(-1.5e300),
        4 => json!(true),
        5 => json!(""),
        6 => json!({ "": 1, "a.b": { ".": "..", "c.": 2 } }),
        7 => json!("x".repeat(40_000)),
        8 => json!([]),
        _ => json!(u64::MAX),
    }
}

/// Puts a value at a path of a document.
fn place(document: &mut Map<String, Value>, path: &str, value: Value) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let member = document.entry(name.trim_end_matches("[]")).or_insert(Value::Null);
    match rest {
        None => *member = value,
        Some(rest) => {
            let mut inner = Map::new();
            place(&mut inner, rest, value);
            *member = if name.ends_with("[]") { json!([inner]) } else { Value::Object(inner) };
        }
    }
}

fn documents_of_any_form(world: &World) {
    const DOCUMENTS: usize = 5_000;
    let indices = Indices::new(world.stack(), "any-form-");
    indices.prepare(&[]);
    let mappings = || indices.get("GET", "any-form-*/_mapping", &Value::Null);
    let before = mappings();
    let random = Random::for_test("documents_of_any_form_are_stored_and_grow_no_mapping");
    let mut all = Vec::new();
    for index in IndexName::ALL {
        let paths = paths(index);
        let count = DOCUMENTS.div_ceil(IndexName::ALL.len());
        assert!(paths.len() > 15 && paths.len() < count, "each field of {index} is wrong once");
        for number in 0..count {
            let mut random = random.part(all.len());
            let mut document = Map::new();
            let id = format!("{index}-{number}");
            document.insert("id".to_owned(), json!(id));
            let names = (0..5).map(|i| (format!("attribute.{index}-{number}-{i}"), json!(random.number())));
            document.insert("attributes".to_owned(), Value::Object(names.collect()));
            document.insert(format!("unannounced {number}"), odd(&mut random));
            place(&mut document, paths[number % paths.len()], odd(&mut random));
            // Spaces that a store which reads documents would lose.
            let text = Value::Object(document).to_string().replacen(':', " :  ", 1);
            all.push((index, id, text));
        }
    }
    // Nested as deeply as OpenSearch reads at all.
    for (id, open, close) in [("arrays", "[", "]"), ("objects", "{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(900), close.repeat(900));
        all.push((IndexName::Roles, id.to_owned(), format!(r#"{{"id":"{id}","owner":{nested},"created":{nested}}}"#)));
    }
    for index in IndexName::ALL {
        let of_index: Vec<_> = all.iter().filter(|(of, _, _)| *of == index).collect();
        for batch in of_index.chunks(200) {
            let changes: Vec<_> = batch.iter().map(|(_, id, text)| change(id, 1, Some(text))).collect();
            let outcomes = indices.stack.runtime().block_on(indices.writer.apply(index, &changes)).unwrap();
            for (outcome, (_, _, text)) in outcomes.into_iter().zip(batch) {
                assert_eq!(outcome, Outcome::Applied, "{text}");
            }
        }
    }
    for (index, id, text) in &all {
        assert_eq!(indices.read(*index, id).as_ref(), Some(text), "{index} {id}");
    }
    assert_eq!(mappings(), before, "a mapping has grown");
}

fn documents_are_found_by_typed_fields(world: &World) {
    let indices = Indices::new(world.stack(), "typed-");
    indices.prepare(&[]);
    let index = IndexName::Identities;
    let document = json!({
        "id": "1", "name": "ann.lee", "displayName": "Ann Lee", "created": "2021-05-06T07:08:09.123Z",
        "synced": 1_620_284_889_000_u64, "accountCount": 2, "inactive": false, "manager": { "id": "m-7" },
        "accounts": [{ "source": { "name": "Active Directory" } }, { "source": { "name": "HR" }, "locked": true }],
    });
    assert_eq!(indices.write(index, "1", 1, Some(&document.to_string())), Outcome::Applied);
    // Another one, which is malformed in the same fields, and is found by its others.
    let odd = json!({ "id": "2", "created": "soon", "manager": "m-7", "accounts": "none", "accountCount": 3 });
    assert_eq!(indices.write(index, "2", 1, Some(&odd.to_string())), Outcome::Applied);
    let found = |query: Value| indices.count(index, &query);
    assert_eq!(found(json!({ "term": { "manager.id": "m-7" } })), 1);
    assert_eq!(found(json!({ "term": { "accounts.source.name.exact": "Active Directory" } })), 1);
    assert_eq!(found(json!({ "match": { "accounts.source.name": "directory" } })), 1);
    assert_eq!(found(json!({ "match": { "displayName": "lee" } })), 1);
    assert_eq!(found(json!({ "range": { "created": { "gte": "2021-05-06", "lt": "2021-05-07" } } })), 1);
    assert_eq!(found(json!({ "range": { "synced": { "gte": "2021-05-06", "lt": "2021-05-07" } } })), 1);
    assert_eq!(found(json!({ "range": { "created": { "lt": "2021-05-06" } } })), 0);
    assert_eq!(found(json!({ "range": { "accountCount": { "gte": 2 } } })), 2);
    assert_eq!(found(json!({ "term": { "inactive": false } })), 1);
    assert_eq!(found(json!({ "term": { "accounts.locked": true } })), 1);
    let role = json!({ "id": "r", "owner": { "id": "o-1", "name": "Owner" } });
    assert_eq!(indices.write(IndexName::Roles, "r", 1, Some(&role.to_string())), Outcome::Applied);
    assert_eq!(indices.count(IndexName::Roles, &json!({ "term": { "owner.id": "o-1" } })), 1);
}

fn a_second_preparation_only_looks(world: &World) {
    let stack = world.stack();
    let indices = Indices::new(stack, "twice-");
    let said_first = indices.prepare(&[]);
    for index in IndexName::ALL {
        assert!(said_first.contains(&format!("{index}: made\n")), "{said_first}");
        assert_eq!(indices.behind(index).len(), 1);
    }
    let proxy = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    let said_then = said(&indices.command(&proxy.url(), &[]).output().unwrap());
    for index in IndexName::ALL {
        assert!(said_then.contains(&format!("{index}: unchanged\n")), "{said_then}");
    }
    let calls = proxy.take_calls();
    assert!(calls.len() >= IndexName::ALL.len() && calls.iter().all(|call| call.method == "GET"), "{calls:?}");
}

fn an_older_cluster_gets_plain_indices(world: &World) {
    let stack = world.stack();
    let indices = Indices::new(stack, "older-");
    let proxy = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    let reason = "Root mapping definition has unsupported parameters:  [disable_objects : true]";
    let body = json!({ "error": { "type": "mapper_parsing_exception", "reason": reason }, "status": 400 });
    let too_old = Fault::Answer { status: 400, headers: Vec::new(), body: Bytes::from(body.to_string()) };
    // After a look at the cluster and one for the first index comes the wish for it.
    proxy.fail_after(2, too_old.clone(), 1);
    let said_first = said(&indices.command(&proxy.url(), &[]).output().unwrap());
    assert!(said_first.contains("accessprofiles: made (without typed fields"), "{said_first}");
    assert!(said_first.contains("roles: made\n"), "{said_first}");
    let index = IndexName::AccessProfiles;
    let name = indices.behind(index).remove(0);
    let mapping = indices.get("GET", &format!("{name}/_mapping"), &Value::Null);
    let properties = mapping[&name]["mappings"]["properties"].as_object().unwrap().clone();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["coffer$deleted", "id"]);
    let odd = r#"{"id":"1", "owner":[[7]],"created":{"x":1},"name":{}}"#;
    assert_eq!(indices.write(index, "1", 1, Some(odd)), Outcome::Applied);
    // The same once more: it stays as it is. The wish for an index comes after five looks.
    proxy.fail_after(5, too_old, 1);
    let said_then = said(&indices.command(&proxy.url(), &[]).output().unwrap());
    assert!(said_then.contains("accessprofiles: unchanged (without typed fields"), "{said_then}");
    assert_eq!((indices.behind(index), indices.all(index)), (vec![name.clone()], vec![name]));
    proxy.heal();
    let said_then = said(&indices.command(&proxy.url(), &[]).output().unwrap());
    assert!(said_then.contains("accessprofiles: 1 documents copied"), "{said_then}");
    assert_eq!(indices.read(index, "1").as_deref(), Some(odd));
}

fn an_index_in_the_place_of_an_alias(world: &World) {
    let indices = Indices::new(world.stack(), "taken-");
    indices.get("PUT", "taken-events", &Value::Null);
    let output = indices.command(&indices.stack.opensearch, &[]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("events: taken-events is an index"), "{errors}");
    assert_eq!(indices.get("GET", "taken-events", &Value::Null).as_object().unwrap().len(), 1);
}

fn old_indices_and_old_deletes_go(world: &World) {
    let indices = Indices::new(world.stack(), "forget-");
    let index = IndexName::Roles;
    indices.make_old(index);
    assert_eq!(indices.write(index, "kept", 1, Some(r#"{"id":"kept"}"#)), Outcome::Applied);
    assert_eq!(indices.write(index, "just deleted", 1, None), Outcome::Applied);
    indices.get(
        "PUT",
        &format!("{}/_doc/long?version=1&version_type=external", indices.alias(index)),
        &json!({ "coffer$deleted": 1 }),
    );
    // A document that was stored before the member was reserved is no tombstone.
    let reserved = r#"{"id":"reserved","coffer$deleted":1}"#;
    assert_eq!(indices.write(index, "reserved", 1, Some(reserved)), Outcome::Applied);
    // An index of another maker isn't ours.
    indices.get("PUT", "forget-roles-backup", &Value::Null);
    indices.get("PUT", "forget-roles-12345678", &Value::Null);
    let said = indices.prepare(&[]);
    assert!(said.contains("roles: 4 documents copied, forget-roles-00000000 →"), "{said}");
    assert_eq!(indices.all(index).len(), 4, "an old index is kept until told");
    let said = indices.prepare(&["--remove-old", "--forget-deletes", "60d"]);
    assert!(said.contains("forget-roles-00000000: removed"), "{said}");
    assert!(said.contains("roles: 1 deletes forgotten"), "{said}");
    let mut left = indices.behind(index);
    left.extend(["forget-roles-12345678".to_owned(), "forget-roles-backup".to_owned()]);
    left.sort();
    assert_eq!(indices.all(index), left);
    assert_eq!(indices.read(index, "kept").as_deref(), Some(r#"{"id":"kept"}"#));
    assert_eq!(indices.read(index, "reserved").as_deref(), Some(reserved));
    let late = indices.write(index, "just deleted", 0, Some(r#"{"id":"just deleted"}"#));
    assert!(matches!(late, Outcome::Stale(_)), "{late:?}");
}
