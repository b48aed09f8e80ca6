//! Pages of an owner's secrets: every secret once, in order, at the price of the page alone. Some tests stand between
//! the SDK and the table, to weigh an answer or to change it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt, stream};
use local::embedded::{TABLE, client};
use serde_json::{Value, json};

use crate::support::wire::{Calls, Wire, answer, body_of};
use crate::support::{Client, Reply, Server, secrets_path};

/// Creates these secrets, some at once.
async fn create_all(client: &Client, owner: &str, names: &[String], data: &Value) {
    stream::iter(names)
        .map(|name| async move { client.create(owner, &json!({ "name": name, "data": data })).await })
        .buffer_unordered(16)
        .collect::<()>()
        .await;
}

async fn page(client: &Client, owner: &str, offset: usize, limit: usize) -> Reply {
    client.get(&format!("{}?offset={offset}&limit={limit}", secrets_path(owner))).await
}

/// The count and the names of a page.
#[track_caller]
fn names(reply: &Reply) -> (u64, Vec<String>) {
    reply.expect_status(200);
    let json = reply.json();
    let items = json["items"].as_array().unwrap().iter();
    (json["count"].as_u64().unwrap(), items.map(|item| item["name"].as_str().unwrap().to_owned()).collect())
}

/// Numbers that look random (SplitMix64).
struct Numbers {
    /// Seed, for the message of a test that failed.
    seed: u64,
    state: u64,
}

impl Numbers {
    /// Seeded by the clock.
    fn new() -> Self {
        let seed = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap();
        Self { seed, state: seed }
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

/// A thousand names with an order by bytes that differs from that by numbers, by letters without case, by a language's
/// rules or by units of UTF-16.
fn thousand() -> Vec<String> {
    let shapes: [fn(usize) -> String; 10] = [
        |i| format!("{i}"),
        |i| format!("Secret {i}"),
        |i| format!("secret {i}"),
        |i| format!("secret-{i:03}"),
        |i| format!("secret/{i}"),
        |i| format!("\u{e4}pfel {i}"),
        |i| format!("a\u{308}pfel {i}"),
        |i| format!("\u{ff5e}{i}"),
        |i| format!("\u{10348}{i}"),
        |i| format!("~{i}?limit=1&%41+"),
    ];
    (0..1000).map(|i| shapes[i % 10](i)).collect()
}

#[tokio::test]
async fn pages_show_a_thousand_secrets_once_each_ordered_bytewise() {
    let server = Server::start().await;
    let alice = server.user("alice");
    create_all(&alice, "alice", &thousand(), &json!({})).await;
    // Another owner's secrets are neither shown nor counted.
    create_all(&server.user("alicf"), "alicf", &["a".to_owned()], &json!({})).await;
    let mut expected = thousand();
    expected.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));

    let mut seen = Vec::new();
    for offset in (0..1000).step_by(100) {
        let (count, page) = names(&page(&alice, "alice", offset, 100).await);
        assert_eq!((count, page.len()), (1000, 100), "at {offset}");
        seen.extend(page);
    }
    assert_eq!(seen, expected);

    for offset in 0..1000 {
        let shown = names(&page(&alice, "alice", offset, 100).await);
        assert_eq!(shown, (1000, expected[offset..(offset + 100).min(1000)].to_vec()), "at {offset}");
    }

    let mut numbers = Numbers::new();
    for _ in 0..40 {
        let (offset, limit) = (numbers.below(1000), 1 + numbers.below(100));
        let shown = names(&page(&alice, "alice", offset, limit).await);
        let end = (offset + limit).min(1000);
        assert_eq!(shown, (1000, expected[offset..end].to_vec()), "{limit} at {offset}, seed {}", numbers.seed);
    }

    assert_eq!(names(&alice.get(&secrets_path("alice")).await), (1000, expected[..100].to_vec()), "by default");
    for offset in ["1000", "1001", "18446744073709551615"] {
        let path = format!("{}?offset={offset}", secrets_path("alice"));
        alice.get(&path).await.expect(200, &json!({ "count": 1000, "items": [] }));
    }
}

#[tokio::test]
async fn an_owner_without_secrets_has_an_empty_list() {
    let server = Server::start().await;
    let reply = server.user("alice").get(&secrets_path("alice")).await;
    reply.expect(200, &json!({ "count": 0, "items": [] }));
}

/// Price of alice's first page of ten among a hundred secrets, where the ten and the other ninety have data of these
/// sizes.
async fn price(listed: usize, others: usize) -> f64 {
    let spent = Arc::new(Mutex::new(0.0));
    let counter = Arc::clone(&spent);
    let server = Server::builder()
        .between(move |table| {
            Wire::new(table, move |call| {
                let counter = Arc::clone(&counter);
                async move {
                    let mut body = call.body();
                    let reads = matches!(call.operation.as_str(), "GetItem" | "Query" | "BatchGetItem");
                    if reads {
                        body["ReturnConsumedCapacity"] = json!("TOTAL");
                    }
                    let answer = call.with_body(&body).send().await?;
                    if reads {
                        let body = body_of(&answer);
                        // One for a query, a list of them for a batch.
                        let consumed = match &body["ConsumedCapacity"] {
                            Value::Array(tables) => tables.clone(),
                            table => vec![table.clone()],
                        };
                        let units = consumed.iter().map(|table| table["CapacityUnits"].as_f64().unwrap());
                        *counter.lock().unwrap() += units.sum::<f64>();
                    }
                    Ok(answer)
                }
            })
        })
        .start()
        .await;
    let alice = server.user("alice");
    for (prefix, number, size) in [("a", 10, listed), ("b", 90, others)] {
        let names: Vec<_> = (0..number).map(|i| format!("{prefix}{i:02}")).collect();
        create_all(&alice, "alice", &names, &json!({ "v": "x".repeat(size) })).await;
    }
    *spent.lock().unwrap() = 0.0;
    let (count, names) = names(&page(&alice, "alice", 0, 10).await);
    assert_eq!((count, names.len()), (100, 10));
    assert!(names.iter().all(|name| name.starts_with('a')));
    let spent = *spent.lock().unwrap();
    assert!(spent > 0.0, "nothing was charged");
    spent
}

#[tokio::test]
async fn a_page_is_not_charged_for_payloads_that_are_not_on_it() {
    let large = 65_000;
    let (small, beside_large, of_large) = tokio::join!(price(10, 10), price(10, large), price(large, 10));
    assert_eq!(small, beside_large);
    // Ten times some 64 KiB, in units of 4 KiB: were payloads not charged, the line above would say nothing.
    assert!(of_large - small >= 10.0 * 15.0, "{small} {of_large}");
}

#[tokio::test]
async fn names_that_take_several_queries_are_all_listed() {
    let calls = Calls::default();
    let noted = calls.clone();
    let server = Server::builder()
        .between(move |table| {
            Wire::new(table, move |call| {
                noted.note(&call);
                let mut body = call.body();
                if call.operation == "Query" {
                    // In place of the megabyte at which DynamoDB cuts an answer.
                    body["Limit"] = json!(7);
                }
                call.with_body(&body).send()
            })
        })
        .start()
        .await;
    let alice = server.user("alice");
    let all: Vec<_> = (0..30).map(|i| format!("{i:02}")).collect();
    create_all(&alice, "alice", &all, &json!({})).await;
    calls.take();
    assert_eq!(names(&page(&alice, "alice", 0, 100).await), (30, all.clone()));
    assert_eq!(calls.take(), ["Query", "Query", "Query", "Query", "Query", "BatchGetItem"]);
    assert_eq!(names(&page(&alice, "alice", 5, 12).await), (30, all[5..17].to_vec()));
}

#[tokio::test]
async fn names_far_behind_a_page_are_counted_and_not_sent() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&sent);
    let server = Server::builder()
        .between(move |table| {
            Wire::new(table, move |call| {
                let noted = Arc::clone(&noted);
                async move {
                    let is_query = call.operation == "Query";
                    let answer = call.send().await?;
                    if is_query {
                        let items = body_of(&answer)["Items"].as_array().map_or(0, Vec::len);
                        noted.lock().unwrap().push(items);
                    }
                    Ok(answer)
                }
            })
        })
        .start()
        .await;
    let alice = server.user("alice");
    let all: Vec<_> = (0..700).map(|i| format!("{i:03}")).collect();
    create_all(&alice, "alice", &all, &json!({})).await;
    let sent = || std::mem::take(&mut *sent.lock().unwrap());
    assert_eq!(names(&page(&alice, "alice", 0, 10).await), (700, all[..10].to_vec()));
    assert_eq!(sent(), [510, 0]);
    assert_eq!(names(&page(&alice, "alice", 100, 99).await), (700, all[100..199].to_vec()));
    assert_eq!(sent(), [699, 0]);
    // All that are left are within reach, so that there is nothing to count.
    assert_eq!(names(&page(&alice, "alice", 300, 100).await), (700, all[300..400].to_vec()));
    assert_eq!(sent(), [700]);
}

#[tokio::test]
async fn a_secret_that_is_deleted_while_the_page_is_made_is_left_out() {
    let server = Server::builder()
        .between(|table| {
            let behind = client(table.clone());
            Wire::new(table, move |call| {
                let behind = behind.clone();
                async move {
                    let is_query = call.operation == "Query";
                    let answer = call.send().await;
                    if is_query {
                        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
                        let delete = behind.delete_item().table_name(TABLE);
                        delete.key("owner", text("alice")).key("name", text("b")).send().await.unwrap();
                    }
                    answer
                }
            })
        })
        .start()
        .await;
    let alice = server.user("alice");
    create_all(&alice, "alice", &["a", "b", "c"].map(str::to_owned), &json!({})).await;
    // The count is that of the names as they were read.
    assert_eq!(names(&page(&alice, "alice", 0, 100).await), (3, ["a", "c"].map(str::to_owned).to_vec()));
    assert_eq!(names(&page(&alice, "alice", 0, 100).await), (2, ["a", "c"].map(str::to_owned).to_vec()));
}

/// A server with a table that leaves all but `kept` keys of a batch over, `leaves` times.
async fn with_leftovers(kept: usize, leaves: impl Fn() -> bool + Send + Sync + 'static) -> (Server, Calls) {
    let calls = Calls::default();
    let noted = calls.clone();
    let server = Server::builder()
        .between(move |table| {
            Wire::new(table, move |call| {
                noted.note(&call);
                let leave = call.operation == "BatchGetItem" && leaves();
                async move {
                    if !leave {
                        return call.send().await;
                    }
                    let mut body = call.body();
                    let left = body["RequestItems"][TABLE]["Keys"].as_array_mut().unwrap().split_off(kept);
                    let mut unprocessed = body["RequestItems"].clone();
                    unprocessed[TABLE]["Keys"] = Value::Array(left);
                    let mut given = json!({ "Responses": { TABLE: [] } });
                    if kept > 0 {
                        given = body_of(&call.with_body(&body).send().await?);
                    }
                    given["UnprocessedKeys"] = unprocessed;
                    answer(200, &given)
                }
            })
        })
        .start()
        .await;
    (server, calls)
}

#[tokio::test]
async fn keys_that_a_batch_leaves_over_are_asked_for_again() {
    let first = AtomicBool::new(true);
    let (server, calls) = with_leftovers(20, move || first.swap(false, Ordering::Relaxed)).await;
    let alice = server.user("alice");
    let all: Vec<_> = (0..50).map(|i| format!("{i:02}")).collect();
    create_all(&alice, "alice", &all, &json!({})).await;
    calls.take();
    assert_eq!(names(&page(&alice, "alice", 0, 100).await), (50, all));
    assert_eq!(calls.take(), ["Query", "BatchGetItem", "BatchGetItem"]);
}

#[tokio::test]
async fn a_table_that_keeps_leaving_keys_over_asks_clients_to_wait() {
    let (server, calls) = with_leftovers(0, || true).await;
    let alice = server.user("alice");
    create_all(&alice, "alice", &["a".to_owned()], &json!({})).await;
    calls.take();
    let reply = page(&alice, "alice", 0, 100).await;
    reply.expect(503, &json!({ "error_code": "MAX_LOAD", "error_message": "Too many requests; try again" }));
    assert_eq!(reply.header("retry-after"), "1");
    let batches = calls.take().iter().filter(|call| *call == "BatchGetItem").count();
    assert!((2..=10).contains(&batches), "{batches}");
}

#[tokio::test]
async fn a_page_that_the_platform_cannot_carry_is_refused_and_a_smaller_one_is_not() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let all: Vec<_> = (0..100).map(|i| format!("{i:02}")).collect();
    // The largest data there is: 64 KiB with its frame.
    let data = json!({ "v": "x".repeat(64 * 1024 - r#"{"v":""}"#.len()) });
    create_all(&alice, "alice", &all, &data).await;
    let refusal = json!({
        "error_code": "VALUE_OUT_OF_BOUNDS",
        "error_message": "limit is too large for secrets of this size; ask for smaller pages",
        "property": "limit",
    });
    alice.get(&secrets_path("alice")).await.expect(400, &refusal);
    page(&alice, "alice", 0, 100).await.expect(400, &refusal);

    let mut seen = BTreeSet::new();
    for offset in [0, 50] {
        let reply = page(&alice, "alice", offset, 50).await;
        let (count, names) = names(&reply);
        assert_eq!((count, names.len()), (100, 50));
        assert!(reply.json()["items"].as_array().unwrap().iter().all(|item| item["data"] == data));
        seen.extend(names);
    }
    assert_eq!(seen, all.into_iter().collect());
    // Without the data the page is small.
    let manager = server.with("carol", &["vaultManage"], &[]);
    assert_eq!(names(&page(&manager, "alice", 0, 100).await).1.len(), 100);
}
