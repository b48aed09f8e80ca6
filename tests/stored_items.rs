//! Secrets as they lie in the table: a secret changed without the key is never opened again. The tests write to the
//! table behind the server's back; they find the members to change by walking the items, not from a list of names.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use local::embedded::TABLE;
use serde_json::{Value, json};

use crate::support::{Reply, Server, fault, secret_path, secrets_path};

type Item = HashMap<String, AttributeValue>;

/// Part of the plaintext of every secret here.
const MARKER: &str = "correct horse";

/// The attributes by which the table finds an item; they can't be edited, only left behind.
const KEYS: [&str; 2] = ["owner", "name"];

fn key(item: &Item) -> Item {
    KEYS.into_iter().map(|name| (name.to_owned(), item[name].clone())).collect()
}

fn text<'a>(item: &'a Item, attribute: &str) -> &'a str {
    item[attribute].as_s().unwrap()
}

/// Two secrets of different owners that have no attribute alike.
struct Vault {
    server: Server,
    one: Item,
    other: Item,
}

impl Vault {
    async fn new() -> Self {
        let server = Server::start().await;
        let roles = |ids: &[&str]| ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
        let admin = server.with("carol", &["admin"], &[]);
        let adder = server.with("dave", &["vaultAdd"], &[]);
        let new = |name: &str, read: &[&str], write: &[&str]| json!({ "name": name, "data": { "k": 0 }, "read_roles": roles(read), "write_roles": roles(write) });
        admin.create("alice", &new("db", &["reader", "auditor"], &["writer", "operator"])).await;
        after_this_millisecond();
        adder.create("bob", &new("mail", &["family"], &["friends", "plumber", "neighbour"])).await;
        for (owner, name, times) in [("alice", "db", 1), ("bob", "mail", 2)] {
            for i in 0..times {
                after_this_millisecond();
                let data = json!({ "data": { "password": MARKER, "of": owner, "i": i } });
                server.user(owner).put(&secret_path(owner, name), data.to_string()).await.expect_status(200);
            }
        }
        let one = stored(&server, "alice", "db").await.unwrap();
        let other = stored(&server, "bob", "mail").await.unwrap();
        Self { server, one, other }
    }

    async fn put(&self, item: &Item) {
        self.server.table.put_item().table_name(TABLE).set_item(Some(item.clone())).send().await.unwrap();
    }

    async fn remove(&self, item: &Item) {
        self.server.table.delete_item().table_name(TABLE).set_key(Some(key(item))).send().await.unwrap();
    }

    /// Holds that this item, put into the table, is opened for nobody and overwritten by nobody.
    async fn expect_closed(&self, what: &str, item: &Item) {
        self.put(item).await;
        let (owner, name) = (text(item, "owner"), text(item, "name"));
        // The table has spellings of its own: a set has an order, a number no exponent.
        let put = stored(&self.server, owner, name).await.unwrap();
        assert!(put != self.one && put != self.other, "{what} is no change");
        let client = self.server.user(owner);
        let path = secret_path(owner, name);
        let expected = refusal(item, key_id(&self.one).unwrap());
        refused(what, "GET", &client.get(&path).await, &expected);
        refused(what, "GET by an admin", &self.server.with("carol", &["admin"], &[]).get(&path).await, &expected);
        refused(what, "PUT", &client.put(&path, r#"{"data":{"new":1}}"#).await, &expected);
        refused(what, "PUT of roles", &client.put(&path, r#"{"read_roles":[]}"#).await, &expected);
        let list = client.get(&secrets_path(owner)).await;
        if expected["error_code"] == "GENERAL_ERROR" {
            let items = list.expect_status(200).json()["items"].as_array().unwrap().clone();
            let of_name: Vec<_> = items.iter().filter(|item| item["name"] == name).collect();
            assert_eq!(of_name, [&damaged(owner, name)], "{what}: list");
            // An item that was moved lies beside the owner's own.
            assert!(items.iter().all(|item| item["name"] == name || item["data"]["of"] == owner), "{what}: list");
        } else {
            refused(what, "list", &list, &expected);
        }
        // Damage tells nobody that a hidden secret exists.
        let stranger = self.server.with("mallory", &["user"], &["stranger"]);
        for reply in [stranger.get(&path).await, stranger.put(&path, r#"{"data":{"new":1}}"#).await] {
            assert_eq!(reply.status, 404, "{what}");
            reply.expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
        }
        assert_eq!(stored(&self.server, owner, name).await, Some(put), "{what} was overwritten");
    }

    /// Holds that both secrets are as they were, once their items are.
    async fn expect_open(&self) {
        for item in [&self.one, &self.other] {
            self.put(item).await;
            let (owner, name) = (text(item, "owner"), text(item, "name"));
            let client = self.server.user(owner);
            let reply = client.get(&secret_path(owner, name)).await;
            reply.expect_status(200);
            let secret = reply.json();
            assert_eq!((&secret["data"]["password"], &secret["data"]["of"]), (&json!(MARKER), &json!(owner)));
            let list = client.get(&secrets_path(owner)).await;
            list.expect(200, &json!({ "count": 1, "items": [secret] }));
        }
    }
}

async fn stored(server: &Server, owner: &str, name: &str) -> Option<Item> {
    let get = server.table.get_item().table_name(TABLE).consistent_read(true);
    let owner = AttributeValue::S(owner.to_owned());
    get.key("owner", owner).key("name", AttributeValue::S(name.to_owned())).send().await.unwrap().item
}

/// Waits for another time to be stored than was before.
fn after_this_millisecond() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let start = now();
    while now() == start {
        std::hint::spin_loop();
    }
}

/// Answer for a damaged item. If the damage names another key than `known`, that key is the missing one.
fn refusal(item: &Item, known: &str) -> Value {
    if key_id(item).is_some_and(|id| id != known) {
        json!({ "error_code": "CONFIGURATION_ERROR", "error_message": "The service is misconfigured" })
    } else {
        json!({ "error_code": "GENERAL_ERROR", "error_message": "Internal error" })
    }
}

/// The key that an item's sealed data name: format 1, a length, the id, and behind it no less than an empty text needs.
fn key_id(item: &Item) -> Option<&str> {
    let sealed = item.get("sealed")?.as_b().ok()?.as_ref();
    let (&[format, length], rest) = sealed.split_first_chunk()?;
    let (id, rest) = rest.split_at_checked(usize::from(length))?;
    let valid = format == 1
        && (1..=32).contains(&length)
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        && rest.len() >= 12 + 48 + 12 + 16;
    valid.then(|| std::str::from_utf8(id).unwrap())
}

/// Form in which a list shows a secret that doesn't open.
fn damaged(owner: &str, name: &str) -> Value {
    let message = "The stored secret is damaged and can't be read; its owner can delete it";
    json!({
        "name": name, "read_roles": [], "write_roles": [], "path": secret_path(owner, name), "owner_id": owner,
        "error": { "error_code": "GENERAL_ERROR", "error_message": message },
    })
}

#[track_caller]
fn refused(what: &str, request: &str, reply: &Reply, expected: &Value) {
    assert!(!reply.text().contains(MARKER), "{what}: {request} shows plaintext");
    assert_eq!((reply.status, &reply.json()), (500, expected), "{what}: {request}");
    assert_eq!(reply.headers.get("etag"), None, "{what}: {request}");
}

/// Every single edit of a value that a test can think of, each with a word for it. None of them is the value itself.
fn edits(value: &AttributeValue) -> Vec<(String, AttributeValue)> {
    use AttributeValue::{B, Bool, L, N, Null, S, Ss};
    let mut edits = vec![("null".to_owned(), Null(true)), ("a truth value".to_owned(), Bool(true))];
    let mut add = |what: &str, value| edits.push((what.to_owned(), value));
    match value {
        S(text) => {
            add("longer", S(format!("{text}x")));
            add("shorter", S(text[1..].to_owned()));
            add("empty", S(String::new()));
            add("in capitals", S(text.to_uppercase()));
            add("as a list", L(vec![value.clone()]));
            add("as bytes", B(Blob::new(text.as_bytes())));
        }
        N(number) => {
            let number: u64 = number.parse().unwrap();
            for (what, edited) in
                [("one more", number + 1), ("one less", number - 1), ("zero", 0), ("double", 2 * number)]
            {
                add(what, N(edited.to_string()));
            }
            for edited in [format!("-{number}"), format!("{number}.5"), u64::MAX.to_string(), "1e30".to_owned()] {
                add(&edited, N(edited.clone()));
            }
            add("as text", S(number.to_string()));
        }
        B(blob) => {
            let bytes = blob.as_ref();
            for i in some_of(bytes.len()) {
                for bit in [0x01, 0x80] {
                    let mut bytes = bytes.to_vec();
                    bytes[i] ^= bit;
                    add(&format!("byte {i} ^ {bit:#04x}"), B(Blob::new(bytes)));
                }
            }
            add("longer", B(Blob::new([bytes, &[0]].concat())));
            add("shorter at its end", B(Blob::new(&bytes[..bytes.len() - 1])));
            add("shorter at its start", B(Blob::new(&bytes[1..])));
            add("empty", B(Blob::new([])));
            add("twice", B(Blob::new(bytes.repeat(2))));
            add("as text", S("text".to_owned()));
        }
        L(values) => {
            add("empty", L(Vec::new()));
            add("twice", L([values.as_slice(), values].concat()));
            if values.len() > 1 {
                add("backwards", L(values.iter().rev().cloned().collect()));
            }
            add("with one more", L([values.as_slice(), &[S("mallory".to_owned())]].concat()));
            add("nested", L(vec![value.clone()]));
            add("as a set", Ss(values.iter().map(|value| value.as_s().unwrap().clone()).collect()));
            for (i, element) in values.iter().enumerate() {
                let mut fewer = values.clone();
                fewer.remove(i);
                add(&format!("without [{i}]"), L(fewer));
                for (what, edited) in self::edits(element) {
                    let mut values = values.clone();
                    values[i] = edited;
                    add(&format!("[{i}] {what}"), L(values));
                }
            }
        }
        other => panic!("a secret has no such attribute: {other:?}"),
    }
    edits.retain(|(_, edited)| edited != value);
    edits
}

/// All places of a short value, and of sealed data the header of 106 bytes, some of the data, and the tag.
fn some_of(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |i| *i < 110 || *i + 16 >= length || i % 5 == 0)
}

/// Puts every edit of the attributes of one type.
async fn edit_all(kind: fn(&AttributeValue) -> bool, expected: usize) {
    let vault = Vault::new().await;
    let mut attributes = 0;
    for (name, value) in vault.one.iter().filter(|(name, value)| !KEYS.contains(&name.as_str()) && kind(value)) {
        attributes += 1;
        for (what, edited) in edits(value) {
            let mut item = vault.one.clone();
            item.insert(name.clone(), edited);
            vault.expect_closed(&format!("{name} {what}"), &item).await;
        }
    }
    // Should a secret get more of them, this test is to be looked at; should it lose all, it would hold nothing.
    assert_eq!(attributes, expected);
    vault.expect_open().await;
}

#[tokio::test]
async fn an_edited_text_is_never_opened() {
    edit_all(AttributeValue::is_s, 2).await;
}

#[tokio::test]
async fn an_edited_number_is_never_opened() {
    edit_all(AttributeValue::is_n, 3).await;
}

#[tokio::test]
async fn an_edited_byte_is_never_opened() {
    edit_all(AttributeValue::is_b, 3).await;
}

#[tokio::test]
async fn an_edited_list_is_never_opened() {
    edit_all(AttributeValue::is_l, 2).await;
}

#[tokio::test]
async fn an_item_that_lacks_an_attribute_is_never_opened() {
    let vault = Vault::new().await;
    for name in vault.one.keys().filter(|name| !KEYS.contains(&name.as_str())) {
        let mut item = vault.one.clone();
        item.remove(name);
        vault.expect_closed(&format!("without {name}"), &item).await;
    }
    vault.expect_closed("keys alone", &key(&vault.one)).await;
    vault.expect_open().await;
}

#[tokio::test]
async fn an_item_with_one_more_attribute_is_never_opened() {
    let vault = Vault::new().await;
    for (name, value) in &vault.one {
        let mut item = vault.one.clone();
        item.insert(format!("{name}2"), value.clone());
        vault.expect_closed(&format!("with a second {name}"), &item).await;
    }
    vault.expect_open().await;
}

#[tokio::test]
async fn attributes_swapped_with_another_secret_are_never_opened() {
    let vault = Vault::new().await;
    for name in vault.one.keys().filter(|name| !KEYS.contains(&name.as_str())) {
        // Each attribute differs, so that every swap is a change: `expect_closed` holds that.
        let (mut one, mut other) = (vault.one.clone(), vault.other.clone());
        one.insert(name.clone(), vault.other[name].clone());
        other.insert(name.clone(), vault.one[name].clone());
        vault.expect_closed(&format!("{name} of the other"), &one).await;
        vault.expect_closed(&format!("{name} of the one"), &other).await;
    }
    vault.expect_open().await;
}

#[tokio::test]
async fn attributes_swapped_within_a_secret_are_never_opened() {
    let vault = Vault::new().await;
    let names: Vec<_> = vault.one.keys().filter(|name| !KEYS.contains(&name.as_str())).collect();
    for (i, one) in names.iter().enumerate() {
        for other in &names[i + 1..] {
            let mut item = vault.one.clone();
            item.insert((*one).clone(), vault.one[*other].clone());
            item.insert((*other).clone(), vault.one[*one].clone());
            vault.expect_closed(&format!("{one} and {other} swapped"), &item).await;
        }
    }
    vault.expect_open().await;
}

#[tokio::test]
async fn a_role_moved_from_one_list_to_the_other_is_never_opened() {
    let vault = Vault::new().await;
    let lists: Vec<_> = vault.one.iter().filter(|(_, value)| value.is_l()).collect();
    for (from, roles) in &lists {
        for (to, _) in lists.iter().filter(|(to, _)| to != from) {
            let mut item = vault.one.clone();
            let (moved, left) = roles.as_l().unwrap().split_last().unwrap();
            let longer = [std::slice::from_ref(moved), vault.one[*to].as_l().unwrap().as_slice()].concat();
            item.insert((*from).clone(), AttributeValue::L(left.to_vec()));
            item.insert((*to).clone(), AttributeValue::L(longer));
            vault.expect_closed(&format!("a role moved from {from} to {to}"), &item).await;
        }
    }
    assert_eq!(lists.len(), 2);
    vault.expect_open().await;
}

#[tokio::test]
async fn an_item_moved_to_another_owner_or_name_is_never_opened() {
    let vault = Vault::new().await;
    let (one, other) = (&vault.one, &vault.other);
    for (owner, name) in [
        (text(other, "owner"), text(one, "name")),
        (text(one, "owner"), text(other, "name")),
        ("alicf", "db"),
        ("Alice", "db"),
        ("alice", "db2"),
        ("alice", "Db"),
        ("alic", "edb"),
        ("aliced", "b"),
    ] {
        let mut item = one.clone();
        item.insert("owner".to_owned(), AttributeValue::S(owner.to_owned()));
        item.insert("name".to_owned(), AttributeValue::S(name.to_owned()));
        // Both as a copy beside the original and moved away from it.
        vault.expect_closed(&format!("copied to {owner}, {name}"), &item).await;
        vault.remove(one).await;
        vault.expect_closed(&format!("moved to {owner}, {name}"), &item).await;
        vault.remove(&item).await;
        vault.put(one).await;
    }
    vault.expect_open().await;
}

#[tokio::test]
async fn two_items_that_changed_places_are_never_opened() {
    let vault = Vault::new().await;
    for (place, content) in [(&vault.one, &vault.other), (&vault.other, &vault.one)] {
        let mut item = content.clone();
        item.extend(key(place));
        vault.expect_closed(&format!("in the place of {}", text(place, "name")), &item).await;
    }
    vault.expect_open().await;
}

#[tokio::test]
async fn a_role_that_was_added_in_the_table_opens_nothing_for_its_holder() {
    let vault = Vault::new().await;
    let mallory = vault.server.with("mallory", &["user"], &["stranger"]);
    let path = secret_path("alice", "db");
    let lists: Vec<_> = vault.one.iter().filter(|(_, value)| value.is_l()).collect();
    for (name, roles) in &lists {
        let mut item = vault.one.clone();
        let more = [roles.as_l().unwrap().as_slice(), &[AttributeValue::S("stranger".to_owned())]].concat();
        item.insert((*name).clone(), AttributeValue::L(more));
        vault.put(&item).await;
        let expected = refusal(&item, key_id(&vault.one).unwrap());
        refused(name, "GET", &mallory.get(&path).await, &expected);
        refused(name, "PUT", &mallory.put(&path, r#"{"data":{"new":1}}"#).await, &expected);
        assert_eq!(stored(&vault.server, "alice", "db").await, Some(item), "{name} was overwritten");
    }
    assert_eq!(lists.len(), 2);
    vault.expect_open().await;
}

#[tokio::test]
async fn a_role_that_was_taken_away_in_the_table_hides_the_secret_from_its_holder() {
    let vault = Vault::new().await;
    let reader = vault.server.with("rita", &["user"], &["reader"]);
    let path = secret_path("alice", "db");
    reader.get(&path).await.expect_status(200);
    let lists: Vec<_> = vault.one.iter().filter(|(_, value)| value.is_l()).map(|(name, _)| name.clone()).collect();
    let (nothing, number) = (AttributeValue::L(Vec::new()), AttributeValue::N("1".to_owned()));
    for list in [Some(nothing), Some(number), None] {
        let mut item = vault.one.clone();
        for name in &lists {
            match &list {
                Some(list) => item.insert(name.clone(), list.clone()),
                None => item.remove(name),
            };
        }
        vault.put(&item).await;
        reader.get(&path).await.expect(404, &fault("GENERAL_ERROR", "Secret not found (OBJECT_NOT_FOUND)"));
    }
    vault.expect_open().await;
}

#[tokio::test]
async fn a_list_shows_a_damaged_secret_beside_the_others() {
    let vault = Vault::new().await;
    let alice = vault.server.user("alice");
    alice.create("alice", &json!({ "name": "aa", "data": {} })).await;
    let mut item = vault.one.clone();
    item.remove("author");
    vault.put(&item).await;
    let whole = alice.get(&secret_path("alice", "aa")).await.json();
    let list = alice.get(&secrets_path("alice")).await;
    list.expect(200, &json!({ "count": 2, "items": [whole, damaged("alice", "db")] }));
    // A manager sees the same of it.
    let manager = vault.server.with("carol", &["vaultManage"], &[]).get(&secrets_path("alice")).await.json();
    assert_eq!(manager["items"][1], damaged("alice", "db"));
    // Mended, it changes the page's entity tag.
    vault.put(&vault.one).await;
    let mended = alice.get(&secrets_path("alice")).await;
    assert_ne!(mended.header("etag"), list.header("etag"));
    assert_eq!(mended.json()["items"][1]["data"]["password"], MARKER);
}

#[tokio::test]
async fn a_list_leaves_out_an_item_whose_key_is_no_name() {
    let vault = Vault::new().await;
    let mut item = vault.one.clone();
    item.insert("name".to_owned(), AttributeValue::S("tab\there".to_owned()));
    vault.put(&item).await;
    let list = vault.server.user("alice").get(&secrets_path("alice")).await.json();
    assert_eq!((&list["count"], list["items"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(list["items"][0]["name"], "db");
}

#[tokio::test]
async fn a_damaged_secret_can_be_deleted_and_created_anew() {
    let vault = Vault::new().await;
    let mut item = vault.one.clone();
    item.remove("sealed");
    vault.expect_closed("without sealed", &item).await;
    let alice = vault.server.user("alice");
    let new = json!({ "name": "db", "data": { "k": 1 } });
    alice.post(&secrets_path("alice"), new.to_string()).await.expect_status(400);
    alice.delete(&secret_path("alice", "db")).await.expect_status(200);
    alice.create("alice", &new).await;
    assert_eq!(alice.get(&secret_path("alice", "db")).await.json()["data"], json!({ "k": 1 }));
}
