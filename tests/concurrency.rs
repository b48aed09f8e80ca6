//! Many writers at once: of those that want the same thing one gets it, and nobody's change is lost.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Server, secret_path, secrets_path};

const NAME: &str = "db";

fn path() -> String {
    secret_path("alice", NAME)
}

/// The version that an entity tag names.
fn version(reply: &Reply) -> u64 {
    let (version, _) = reply.header("etag").strip_prefix('"').unwrap().split_once('-').unwrap();
    version.parse().unwrap()
}

fn moved_on() -> Value {
    json!({
        "error_code": "INVALID_REQUEST_DATA",
        "error_message": "The secret has changed since; read it again",
        "property": "If-Match",
    })
}

fn not_found() -> Value {
    json!({ "error_code": "GENERAL_ERROR", "error_message": "Secret not found (OBJECT_NOT_FOUND)" })
}

/// A server with alice's one secret, her client, and the secret's entity tag.
async fn with_secret(data: Value) -> (Server, Client, String) {
    let server = Server::start().await;
    let alice = server.user("alice");
    let tag = create(&alice, data).await;
    (server, alice, tag)
}

async fn create(client: &Client, data: Value) -> String {
    let reply = client.post(&secrets_path("alice"), json!({ "name": NAME, "data": data }).to_string()).await;
    reply.expect_status(201);
    reply.header("etag").to_owned()
}

async fn put(client: &Client, data: Value) -> Reply {
    client.put(&path(), json!({ "data": data }).to_string()).await
}

#[tokio::test]
async fn of_many_creates_of_one_name_exactly_one_succeeds() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let creates = (0..32).map(|i| {
        let alice = alice.clone();
        async move { alice.post(&secrets_path("alice"), json!({ "name": NAME, "data": { "i": i } }).to_string()).await }
    });
    let replies = join_all(creates).await;
    let taken = json!({
        "error_code": "VALUE_DUPLICATE",
        "error_message": "a secret of this name is there already; update it, or choose another name",
        "property": "name",
    });
    let winners: Vec<usize> = (0..32).filter(|&i| replies[i].status == 201).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    for (i, reply) in replies.iter().enumerate() {
        if winners.contains(&i) {
            reply.expect(201, &json!({ "name": NAME }));
        } else {
            reply.expect(400, &taken);
        }
    }
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "i": winners[0] }));
    assert_eq!(alice.get(&secrets_path("alice")).await.json()["count"], 1);
}

/// Reads, adds a mark and writes under the version that was read, until that succeeds.
async fn add_mark(client: Client, mark: u64) {
    for _ in 0..10_000 {
        let read = client.get(&path()).await;
        read.expect_status(200);
        let mut data = read.json()["data"].take();
        data["marks"].as_array_mut().unwrap().push(json!(mark));
        let reply = put(&client.clone().header("if-match", read.header("etag")), data).await;
        if reply.status == 200 {
            assert_eq!(version(&reply), version(&read) + 1);
            return;
        }
        reply.expect(412, &moved_on());
    }
    panic!("mark {mark} was never written");
}

#[tokio::test]
async fn no_update_under_the_version_that_was_read_is_lost() {
    let (_server, alice, _) = with_secret(json!({ "marks": [] })).await;
    join_all((0..64).map(|mark| add_mark(alice.clone(), mark))).await;
    let reply = alice.get(&path()).await;
    let json = reply.json();
    let marks = json["data"]["marks"].as_array().unwrap();
    let distinct: BTreeSet<u64> = marks.iter().map(|mark| mark.as_u64().unwrap()).collect();
    assert_eq!((marks.len(), distinct), (64, (0..64).collect()));
    assert_eq!(version(&reply), 65);
}

#[tokio::test]
async fn unconditional_updates_at_once_are_each_made_or_refused_and_the_last_one_stays() {
    let (_server, alice, _) = with_secret(json!({ "i": null })).await;
    let replies = join_all((0..16).map(|i| put(&alice, json!({ "i": i })))).await.into_iter().enumerate();
    let (made, refused): (Vec<_>, Vec<_>) = replies.partition(|(_, reply)| reply.status == 200);
    for (_, reply) in &refused {
        reply.expect(503, &json!({ "error_code": "MAX_LOAD", "error_message": "Too many requests; try again" }));
        assert_eq!(reply.header("retry-after"), "1");
    }
    // Each of them made a version of its own, one after the other.
    let mut versions: Vec<_> = made.iter().map(|(i, reply)| (version(reply), *i)).collect();
    versions.sort_unstable();
    let numbers: Vec<u64> = versions.iter().map(|(version, _)| *version).collect();
    assert_eq!(numbers, (2..2 + made.len() as u64).collect::<Vec<_>>());
    let (last, writer) = *versions.last().expect("one writer that was never overtaken");
    let reply = alice.get(&path()).await;
    assert_eq!((version(&reply), &reply.json()["data"]), (last, &json!({ "i": writer })));
}

#[tokio::test]
async fn an_update_never_brings_back_what_was_deleted_meanwhile() {
    let (_server, alice, _) = with_secret(json!({})).await;
    let path = path();
    let delete = alice.delete(&path);
    let updates = join_all((0..16).map(|i| put(&alice, json!({ "i": i }))));
    let (deleted, updated) = tokio::join!(delete, updates);
    deleted.expect_status(200);
    for reply in updated {
        assert!(matches!(reply.status, 200 | 404 | 503), "{reply:?}");
    }
    alice.get(&path).await.expect(404, &not_found());
}

#[tokio::test]
async fn of_many_deletes_exactly_one_finds_the_secret() {
    let (_server, alice, _) = with_secret(json!({})).await;
    let path = path();
    let replies = join_all((0..16).map(|_| alice.delete(&path))).await;
    let (gone, missing): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(gone.len(), 1);
    missing.iter().for_each(|reply| {
        reply.expect(404, &not_found());
    });
}

#[tokio::test]
async fn a_delete_under_the_stored_version_deletes() {
    let (_server, alice, tag) = with_secret(json!({})).await;
    let reply = alice.clone().header("if-match", &tag).delete(&path()).await;
    assert_eq!((reply.status, reply.text()), (200, ""));
    alice.get(&path()).await.expect(404, &not_found());
}

#[tokio::test]
async fn a_delete_under_another_version_deletes_nothing() {
    let (_server, alice, tag) = with_secret(json!({ "k": 1 })).await;
    put(&alice, json!({ "k": 2 })).await.expect_status(200);
    alice.clone().header("if-match", &tag).delete(&path()).await.expect(412, &moved_on());
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 2 }));
}

#[tokio::test]
async fn an_update_under_another_version_changes_nothing() {
    let (_server, alice, tag) = with_secret(json!({ "k": 1 })).await;
    put(&alice, json!({ "k": 2 })).await.expect_status(200);
    put(&alice.clone().header("if-match", &tag), json!({ "k": 3 })).await.expect(412, &moved_on());
    let reply = alice.get(&path()).await;
    assert_eq!((version(&reply), &reply.json()["data"]), (2, &json!({ "k": 2 })));
}

#[tokio::test]
async fn one_matching_tag_of_several_is_enough() {
    let (_server, alice, first) = with_secret(json!({})).await;
    let second = put(&alice, json!({})).await.header("etag").to_owned();
    let either = alice.clone().header("if-match", &format!("\"none of ours\", {first}, {second}"));
    put(&either, json!({ "k": 1 })).await.expect_status(200);
    either.delete(&path()).await.expect(412, &moved_on());
    let third = alice.get(&path()).await.header("etag").to_owned();
    let either = alice.clone().header("if-match", &format!("{first}, {third}"));
    either.delete(&path()).await.expect_status(200);
}

#[tokio::test]
async fn a_condition_on_a_missing_secret_finds_nothing() {
    let (_server, alice, tag) = with_secret(json!({})).await;
    alice.delete(&path()).await.expect_status(200);
    for condition in ["*", tag.as_str(), "\"none of ours\""] {
        let alice = alice.clone().header("if-match", condition);
        alice.delete(&path()).await.expect(404, &not_found());
        put(&alice, json!({})).await.expect(404, &not_found());
    }
}

#[tokio::test]
async fn a_tag_that_is_none_of_ours_matches_nothing() {
    let (_server, alice, tag) = with_secret(json!({ "k": 1 })).await;
    let weak = format!("W/{tag}");
    let other_id = format!("{}{}", &tag[..tag.len() - 2], if tag.ends_with("0\"") { "1\"" } else { "0\"" });
    let padded = tag.replacen('"', "\"0", 1);
    for condition in ["\"\"", "\"1\"", "\"1-\"", "\"none of ours\"", &weak, &other_id, &padded] {
        let alice = alice.clone().header("if-match", condition);
        alice.delete(&path()).await.expect(412, &moved_on());
        put(&alice, json!({ "k": 2 })).await.expect(412, &moved_on());
    }
    let reply = alice.get(&path()).await;
    assert_eq!((reply.header("etag"), &reply.json()["data"]), (tag.as_str(), &json!({ "k": 1 })));
}

#[tokio::test]
async fn a_secret_that_was_created_again_is_another_one() {
    let (_server, alice, old) = with_secret(json!({ "k": 1 })).await;
    alice.delete(&path()).await.expect_status(200);
    let new = create(&alice, json!({ "k": 1 })).await;
    assert_ne!(old, new, "both are version 1");
    let stale = alice.clone().header("if-match", &old);
    put(&stale, json!({ "k": 2 })).await.expect(412, &moved_on());
    stale.delete(&path()).await.expect(412, &moved_on());
    let reply = alice.get(&path()).await;
    assert_eq!((reply.header("etag"), &reply.json()["data"]), (new.as_str(), &json!({ "k": 1 })));
}
