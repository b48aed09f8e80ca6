//! Content of the data folder: no plaintext, and nothing that opens without the keyring. The tests read and replace the
//! folder's files.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use devstack::random::Random;
use local::embedded::TABLE;
use serde_json::{Value, json};
use shared::sealing::Keyring;
use tempfile::TempDir;

use crate::support::{Client, Server, secret_path, secrets_path};

fn path() -> String {
    secret_path("alice", "db")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files of a folder that hold these bytes.
fn holders(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    assert!(!bytes.is_empty());
    let holds = |path: &PathBuf| fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes);
    files(folder).into_iter().filter(holds).collect()
}

/// A text as it stands in a file: as it is, in hexadecimal digits, and in base64 wherever it may begin there.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut spellings = vec![text.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for start in 0..3 {
        let (whole, _) = text.as_bytes()[start..].as_chunks::<3>();
        spellings
            .extend([STANDARD.encode(whole.as_flattened()), URL_SAFE.encode(whole.as_flattened())].map(Into::into));
    }
    spellings
}

#[tokio::test]
async fn no_file_holds_what_a_secret_held() {
    let server = Server::start().await;
    let owner = "carol-of-the-canaries";
    let client = server.user(owner);
    let canaries =
        ["canary-of-the-create-0123456789?>~", "canary-of-the-update-0123456789?>~", "canary-that-was-deleted?>~"];
    client.create(owner, &json!({ "name": "db", "data": { "password": canaries[0] } })).await;
    client.get(&secret_path(owner, "db")).await.expect_status(200);
    let update = json!({ "data": { "password": canaries[1] } });
    client.put(&secret_path(owner, "db"), update.to_string()).await.expect_status(200);
    let read = client.get(&secret_path(owner, "db")).await;
    assert!(read.text().contains(canaries[1]), "the secret is there");
    client.get(&secrets_path(owner)).await.expect_status(200);
    client.create(owner, &json!({ "name": "gone", "data": { "password": canaries[2] } })).await;
    client.delete(&secret_path(owner, "gone")).await.expect_status(200);

    // Before the stop and after it: the files of a running server are other ones.
    let search = |folder: &Path| {
        assert_ne!(holders(folder, owner.as_bytes()), Vec::<PathBuf>::new(), "the search finds what is there");
        for spelling in canaries.iter().flat_map(|canary| spellings(canary)) {
            let text = String::from_utf8_lossy(&spelling).into_owned();
            assert_eq!(holders(folder, &spelling), Vec::<PathBuf>::new(), "{text}");
        }
    };
    search(server.folder());
    let folder = server.stop().await;
    search(folder.path());
}

#[test]
fn the_search_knows_base64_wherever_the_text_begins() {
    let canary = "canary-of-the-create-0123456789?>~";
    for before in ["", "a", "ab", "abc"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, STANDARD.encode(format!("{before}{canary}and more"))).unwrap();
        let found = spellings(canary).iter().filter(|spelling| !holders(folder.path(), spelling).is_empty()).count();
        assert!(found > 0, "after {before:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_its_owners_alone() {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "db", "data": {} })).await;
    let data = server.folder().join("data");
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let keyring = data.join("keyring.json");
    assert_eq!(fs::metadata(keyring).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A keyring of these keys, the first of which is current.
fn keyring(keys: &[(&str, &str)]) -> String {
    let named: serde_json::Map<_, _> = keys.iter().map(|(id, key)| ((*id).to_owned(), json!(key))).collect();
    json!({ "v": 1, "current": keys[0].0, "keys": named }).to_string()
}

#[test]
fn a_random_key_is_accepted_in_any_writing() {
    const ROUNDS: usize = 2_000;
    let mut random = Random::for_test("a_random_key_is_accepted_in_any_writing");
    let letters: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    for _ in 0..ROUNDS {
        let bytes: Vec<u8> = (0..6).flat_map(|_| random.number().to_be_bytes()).collect();
        // As CloudFormation generates the template's.
        let generated: String = (0..64).map(|_| letters[random.below(letters.len())]).collect();
        let keys = [
            STANDARD.encode(&bytes),
            STANDARD.encode(&bytes[..32]),
            URL_SAFE.encode(&bytes[..32]).trim_end_matches('=').to_owned(),
            bytes[..32].iter().map(|byte| format!("{byte:02x}")).collect(),
            generated[..43].to_owned(),
            generated,
        ];
        for key in keys {
            let parsed = Keyring::parse(&keyring(&[("1", &key)]));
            assert!(parsed.is_ok(), "{key}: {parsed:?}");
        }
    }
}

const NEW_KEY: &str = "another-key-another-key-another-key-another-key-another";

/// The key that a server made for itself, with its id.
fn first_key(folder: &Path) -> (String, String) {
    let json: Value = serde_json::from_slice(&fs::read(keyring_file(folder)).unwrap()).unwrap();
    let id = json["current"].as_str().unwrap().to_owned();
    let key = json["keys"][&id].as_str().unwrap().to_owned();
    (id, key)
}

fn keyring_file(folder: &Path) -> PathBuf {
    folder.join("data").join("keyring.json")
}

/// Replaces the keyring, as its owner would.
fn set_keyring(folder: &Path, text: &str) {
    fs::write(keyring_file(folder), text).unwrap();
}

/// The folder of a server that is over, with alice's secret `db`.
async fn folder_with_secret() -> TempDir {
    let server = Server::start().await;
    server.user("alice").create("alice", &json!({ "name": "db", "data": { "k": 1 } })).await;
    server.stop().await
}

/// The id of the key that a secret is sealed with: its header has a format, a length and the id.
async fn sealed_with(server: &Server, name: &str) -> String {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let get = server.table.get_item().table_name(TABLE).key("owner", text("alice")).key("name", text(name));
    let item = get.send().await.unwrap().item.unwrap();
    let sealed = item["sealed"].as_b().unwrap().as_ref();
    assert_eq!(sealed[0], 1);
    String::from_utf8(sealed[2..2 + usize::from(sealed[1])].to_vec()).unwrap()
}

async fn expect_none_opens(alice: &Client, expected: &Value) {
    expect_not_opened(alice, expected).await;
    alice.get(&secrets_path("alice")).await.expect(500, expected);
}

async fn expect_not_opened(alice: &Client, expected: &Value) {
    alice.get(&path()).await.expect(500, expected);
    alice.put(&path(), r#"{"data":{"k":2}}"#).await.expect(500, expected);
}

fn error(code: &str, message: &str) -> Value {
    json!({ "error_code": code, "error_message": message })
}

fn not_configured() -> Value {
    error("CONFIGURATION_ERROR", "The service is misconfigured")
}

#[tokio::test]
async fn a_secret_outlives_the_server() {
    let folder = folder_with_secret().await;
    let server = Server::builder().on(folder).start().await;
    assert_eq!(server.user("alice").get(&path()).await.json()["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn a_key_that_the_keyring_no_longer_holds_is_a_fault_of_the_configuration() {
    let folder = folder_with_secret().await;
    let (id, key) = first_key(folder.path());
    set_keyring(folder.path(), &keyring(&[("2", NEW_KEY)]));
    let server = Server::builder().on(folder).start().await;
    let alice = server.user("alice");
    expect_none_opens(&alice, &not_configured()).await;
    // Seals with a known key are not affected.
    alice.create("alice", &json!({ "name": "new", "data": { "k": 2 } })).await;
    assert_eq!(alice.get(&secret_path("alice", "new")).await.json()["data"], json!({ "k": 2 }));
    // The lost key is back, and so is the secret.
    let folder = server.stop().await;
    set_keyring(folder.path(), &keyring(&[("2", NEW_KEY), (&id, &key)]));
    let server = Server::builder().on(folder).start().await;
    let alice = server.user("alice");
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 1 }));
    assert_eq!(alice.get(&secrets_path("alice")).await.json()["count"], 2);
}

#[tokio::test]
async fn another_key_of_the_same_id_opens_nothing() {
    let folder = folder_with_secret().await;
    let (id, _) = first_key(folder.path());
    set_keyring(folder.path(), &keyring(&[(&id, NEW_KEY)]));
    let server = Server::builder().on(folder).start().await;
    let alice = server.user("alice");
    expect_not_opened(&alice, &error("GENERAL_ERROR", "Internal error")).await;
    // The keyring was read and the seal doesn't fit: the list shows the name alone.
    let item = alice.get(&secrets_path("alice")).await.expect_status(200).json()["items"][0].clone();
    assert_eq!(
        (&item["name"], &item["data"], &item["error"]["error_code"]),
        (&json!("db"), &Value::Null, &json!("GENERAL_ERROR"))
    );
}

#[tokio::test]
async fn a_rotated_keyring_opens_what_is_old_and_seals_with_the_new_key() {
    let folder = folder_with_secret().await;
    let (id, key) = first_key(folder.path());
    set_keyring(folder.path(), &keyring(&[("2", NEW_KEY), (&id, &key)]));
    let server = Server::builder().on(folder).start().await;
    let alice = server.user("alice");
    assert_eq!(sealed_with(&server, "db").await, id);
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 1 }));
    alice.create("alice", &json!({ "name": "new", "data": { "k": 2 } })).await;
    assert_eq!(sealed_with(&server, "new").await, "2");
    // An update seals anew, even if it keeps the data.
    alice.put(&path(), r#"{"read_roles":[]}"#).await.expect_status(200);
    assert_eq!(sealed_with(&server, "db").await, "2");
    let list = alice.get(&secrets_path("alice")).await.json();
    assert_eq!((&list["items"][0]["data"], &list["items"][1]["data"]), (&json!({ "k": 1 }), &json!({ "k": 2 })));
}

#[tokio::test]
async fn a_key_that_is_new_to_a_running_function_is_found() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "db", "data": { "k": 1 } })).await;
    // Each function reads the keyring by itself. This one has done so now; the one that updates has not.
    alice.get(&path()).await.expect_status(200);
    let (id, key) = first_key(server.folder());
    set_keyring(server.folder(), &keyring(&[("2", NEW_KEY), (&id, &key)]));
    alice.put(&path(), r#"{"data":{"k":2}}"#).await.expect_status(200);
    assert_eq!(sealed_with(&server, "db").await, "2");
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 2 }));
}

#[tokio::test]
async fn a_create_seals_with_the_new_key_within_the_maximum_age_of_a_rotation() {
    let server = Server::builder().setting("COFFER_KEYRING_MAX_AGE", "1s").start().await;
    let alice = server.user("alice");
    alice.create("alice", &json!({ "name": "s0", "data": {} })).await;
    let (id, key) = first_key(server.folder());
    set_keyring(server.folder(), &keyring(&[("2", NEW_KEY), (&id, &key)]));
    let rotated = Instant::now();
    for i in 1.. {
        let name = format!("s{i}");
        let asked_after = rotated.elapsed();
        alice.create("alice", &json!({ "name": name, "data": {} })).await;
        if sealed_with(&server, &name).await == "2" {
            break;
        }
        assert!(asked_after <= Duration::from_secs(1), "{name} was sealed with a key that is no longer current");
    }
}

#[tokio::test]
async fn a_broken_keyring_is_a_fault_of_the_configuration_until_it_is_mended() {
    let folder = folder_with_secret().await;
    let whole = fs::read_to_string(keyring_file(folder.path())).unwrap();
    set_keyring(folder.path(), "no keyring");
    let server = Server::builder().on(folder).start().await;
    let alice = server.user("alice");
    expect_none_opens(&alice, &not_configured()).await;
    let new = json!({ "name": "new", "data": {} });
    alice.post(&secrets_path("alice"), new.to_string()).await.expect(500, &not_configured());
    set_keyring(server.folder(), &whole);
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 1 }));
    alice.create("alice", &new).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_keyring_that_others_can_read_is_not_used() {
    let folder = folder_with_secret().await;
    let file = keyring_file(folder.path());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let server = Server::builder().on(folder).start().await;
    let alice = server.user("alice");
    let expected = error("INTRA_SERVICE_COMMUNICATION_ERROR", "A service behind this one failed");
    expect_none_opens(&alice, &expected).await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(alice.get(&path()).await.json()["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn functions_that_start_at_once_agree_on_the_keyring_that_the_first_one_makes() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let (path, list) = (path(), secrets_path("alice"));
    let body = json!({ "name": "db", "data": { "k": 1 } }).to_string();
    let patch = r#"{"data":{"k":2}}"#;
    // Each of them reads the keyring for the first time, and there is none yet.
    let (created, listed, got, updated) =
        tokio::join!(alice.post(&list, body), alice.get(&list), alice.get(&path), alice.put(&path, patch));
    created.expect_status(201);
    listed.expect_status(200);
    assert!(matches!((got.status, updated.status), (200 | 404, 200 | 404)), "{got:?} {updated:?}");
    alice.get(&path).await.expect_status(200);
    let kept: Vec<_> =
        fs::read_dir(server.folder().join("data")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(kept.iter().filter(|name| name.to_string_lossy().starts_with("keyring")).count(), 1, "{kept:?}");
}
