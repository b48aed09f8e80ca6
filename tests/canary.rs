//! What must never be said: a secret, a token and the keys pass through every operation and every error, and none of
//! them is in a log line, in an error's body or in a Debug output.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use http::HeaderName;
use serde_json::json;
use shared::clients::{self, Connections, Issuer};
use shared::http::Answer;
use shared::json::Members;
use shared::sealing::Keyring;
use shared::search::{OpenSearchAuth, OpenSearchSettings};
use shared::vault::SecretData;

use crate::support::program::{self, Program};
use crate::support::{Reply, Server, secret_path, secrets_path};

const CANARY: &str = "canary-5e1f9a";

#[tokio::test]
async fn no_log_line_and_no_error_holds_a_secret_a_token_or_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "alice", "--scope", "user", "--scope", "sp:search:read"]);
    let weak = program::token(&data, &["--user", "alice", "--scope", ""]);
    let bob = program::token(&data, &["--user", "bob"]);
    let server = Program::serve(&data, &[("COFFER_LOG_LEVEL", "debug")]);
    let alice = server.client(&token);
    let (list, db) = (secrets_path("alice"), secret_path("alice", "db"));
    let body = json!({ "name": "db", "data": { "password": CANARY }, "read_roles": [{ "id": "readers" }] }).to_string();

    alice.post(&list, body.clone()).await.expect_status(201);
    for reply in [alice.get(&list).await, alice.get(&db).await] {
        assert!(reply.expect_status(200).text().contains(CANARY), "the canary is alive");
    }
    alice.put(&db, body.clone()).await.expect_status(200);

    let mut errors: Vec<(u16, Reply)> = Vec::new();
    errors.push((400, alice.post(&list, body.clone()).await));
    errors.push((412, alice.clone().header("if-match", "\"1-0\"").put(&db, body.clone()).await));
    errors.push((404, alice.put(&secret_path("alice", "none"), body.clone()).await));
    errors.push((404, server.client(&bob).put(&db, body.clone()).await));
    errors.push((404, server.client(&bob).get(&db).await));
    errors.push((403, server.client(&bob).post(&list, body.clone()).await));
    errors.push((403, server.client(&weak).get(&db).await));
    errors.push((403, server.client(&weak).get("/search/identities/x").await));
    errors.push((404, alice.get("/search/identities/x").await));
    errors.push((405, alice.send("PATCH", &db, body.clone()).await));
    errors.push((404, alice.post("/vault/nowhere", body.clone()).await));
    errors.push((413, alice.post(&list, [body.as_bytes(), &vec![b' '; 11 << 20]].concat()).await));
    // Bodies that hold the canary where it doesn't belong, and are cut in its middle.
    for wrong in [
        format!(r#"{{"name":{{"{CANARY}":1}},"data":"{CANARY}"}}"#),
        format!(r#"{{"name":"{CANARY}\u0000","data":["{CANARY}"],"read_roles":["{CANARY}"]}}"#),
        format!(r#"{{"name":"n","data":{{}},"owner_id":"{CANARY}","read_roles":[{{"id":["{CANARY}"]}}]}}"#),
        format!(r#"{{"{CANARY}":1,"{CANARY}":2}}"#),
        format!(r#"{{"name":"n","data":{{"password":"{CANARY}"#),
        CANARY.to_owned(),
        format!(r#""{CANARY}""#),
    ] {
        errors.push((400, alice.post(&list, wrong).await));
    }
    // Tokens that are cut, changed, prolonged or sent in the wrong way.
    let parts: Vec<_> = token.split('.').collect();
    for bad in [
        token[..token.len() - 9].to_owned(),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
        format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        format!("{token}.{CANARY}"),
        format!("{token} {token}"),
    ] {
        errors.push((401, server.client(&bad).get(&db).await));
        errors.push((401, server.client(&bad).get("/search/identities/x").await));
    }
    for (name, value) in [("authorization", format!("Basic {token}")), ("x-auth-token", token.clone())] {
        let name = HeaderName::from_static(name);
        errors.push((401, server.anonymous().header(name, &value).get(&db).await));
    }
    errors.push((412, alice.clone().header("if-match", "\"1-0\"").delete(&db).await));
    alice.delete(&db).await.expect_status(200);

    let keyring: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(data.join("keyring.json")).unwrap()).unwrap();
    let keyring = keyring["keys"].as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
    let signing = fs::read_to_string(data.join("signing-key.pem")).unwrap();
    let signing = signing.lines().nth(1).unwrap().to_owned();
    let ended = server.stop();
    assert!(ended.log.lines().count() > errors.len(), "each request has its line");

    // The first thirty characters of a token are those of every token of this key.
    let forbidden = [CANARY, &parts[1][30..], &weak[60..120], parts[2], &keyring, &signing];
    for word in forbidden {
        assert!(!ended.log.contains(word), "{word} in the log");
    }
    for (status, reply) in &errors {
        reply.expect_status(*status);
        for word in forbidden {
            assert!(!reply.text().contains(word), "{word} in {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_keyring_that_is_none_is_quoted_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "alice"]);
    for keyring in [CANARY.to_owned(), json!({ "v": 1, "key": CANARY }).to_string(), json!({ "v": CANARY }).to_string()]
    {
        let file = data.join("keyring.json");
        fs::write(&file, keyring).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let server = Program::serve(&data, &[("COFFER_LOG_LEVEL", "debug")]);
        let body = json!({ "name": "db", "data": { "password": CANARY } }).to_string();
        let reply = server.client(&token).post(&secrets_path("alice"), body).await;
        assert!(!reply.expect_status(500).text().contains(CANARY), "{reply:?}");
        let log = server.stop().log;
        assert!(log.contains("configuration error") && !log.contains(CANARY), "{log}");
    }
}

#[test]
fn no_debug_output_holds_a_secret_or_a_key() {
    let data = SecretData::new(CANARY.as_bytes().to_vec());
    let key = format!("{CANARY}-{}", "k".repeat(43));
    let keyring = Keyring::parse(&json!({ "v": 1, "key": key }).to_string()).unwrap();
    let answer = Answer::json(http::StatusCode::OK, format!("{{\"password\":\"{CANARY}\"}}"));
    let connections = Connections::new(Issuer::Any, []).unwrap();
    let settings = OpenSearchSettings {
        url: "http://127.0.0.1:9".parse().unwrap(),
        auth: OpenSearchAuth::Basic { user: "reader".to_owned(), password: CANARY.to_owned().into() },
        alias_prefix: "documents-".to_owned(),
        timeout: std::time::Duration::from_secs(1),
        max_document_bytes: 1,
    };
    let documents = clients::opensearch(&connections, settings).unwrap();
    let body = json!({ "password": CANARY }).to_string();
    let members = Members::parse(body.as_bytes()).unwrap();
    let wrong = Keyring::parse(&json!({ "v": 1, "key": CANARY }).to_string()).unwrap_err();
    let shown = [
        format!("{data:?}"),
        format!("{keyring:?}"),
        format!("{answer:?}"),
        format!("{wrong:?} {wrong}"),
        format!("{documents:?}"),
        format!("{members:?}"),
    ];
    for shown in shown {
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

#[tokio::test]
async fn no_debug_output_of_a_request_on_its_way_holds_its_token_or_its_body() {
    struct Shown;
    impl shared::http::Endpoint for Shown {
        type Family = shared::http::vault::Vault;
        const OPERATION: &'static str = "shown";
        async fn answer(&self, call: &mut shared::http::Call) -> Result<Answer, shared::http::vault::VaultError> {
            Ok(Answer::json(http::StatusCode::OK, format!("{call:?}")))
        }
    }
    let request = http::Request::get("/x").header("authorization", CANARY).body(()).unwrap();
    let event = local::gateway::event_json(&request.into_parts().0, &CANARY.into(), "/x", [127, 0, 0, 1].into());
    let shown = shared::http::serve_event(&Shown, serde_json::from_str(&event.unwrap()).unwrap()).await;
    let shown = Bytes::copy_from_slice(shown.body());
    assert!(shown.starts_with(b"Call(") && !shown.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
}

#[tokio::test]
async fn a_running_server_shows_no_key() {
    let server = Server::start().await;
    let signing = fs::read_to_string(server.folder().join("data/signing-key.pem")).unwrap();
    let shown = format!("{:?}", server.local());
    assert!(!shown.contains(signing.lines().nth(1).unwrap()), "{shown}");
}
