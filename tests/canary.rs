//! Canary of the secrets, tokens and keys that no output may hold: a secret, a token and the keys pass through every
//! operation and every error, and none of them is in a log line, in an error's body or in a Debug output.

use std::fs;
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::HeaderName;
use serde_json::{Value, json};
use shared::clients::{Connections, Issuer};
use shared::http::{Api, Endpoint, RequestContext, Response, refuse_event, search, serve_event, vault};
use shared::json::RawObject;
use shared::sealing::Keyring;
use shared::search::{OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings};
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
    let answer = Response::json(http::StatusCode::OK, format!("{{\"password\":\"{CANARY}\"}}"));
    let connections = Connections::new(Issuer::Any, []).unwrap();
    let settings = OpenSearchSettings {
        url: "http://127.0.0.1:9".parse().unwrap(),
        auth: OpenSearchAuth::Basic { user: "reader".to_owned(), password: CANARY.to_owned().into() },
        alias_prefix: "documents-".to_owned(),
        timeout: std::time::Duration::from_secs(1),
        max_document_bytes: 1,
    };
    let documents = OpenSearchDocuments::new(&connections, settings).unwrap();
    let body = json!({ "password": CANARY }).to_string();
    let members = RawObject::parse(body.as_bytes()).unwrap();
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
    impl Endpoint for Shown {
        type Api = vault::VaultApi;
        const OPERATION: &'static str = "shown";
        async fn answer(&self, call: &mut RequestContext) -> Result<Response, vault::VaultError> {
            Ok(Response::json(http::StatusCode::OK, format!("{call:?}")))
        }
    }
    let request = http::Request::get("/x").header("authorization", CANARY).body(()).unwrap();
    let event = local::gateway::event_json(&request.into_parts().0, &CANARY.into(), "/x", [127, 0, 0, 1].into());
    let shown = serve_event(&Shown, serde_json::from_str(&event.unwrap()).unwrap()).await;
    let shown = Bytes::copy_from_slice(shown.body());
    assert!(
        shown.starts_with(b"RequestContext(") && !shown.windows(CANARY.len()).any(|part| part == CANARY.as_bytes())
    );
}

/// A log of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let lines = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
        tracing::subscriber::set_default(lines.with_writer(move || log.clone()).finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An endpoint that no event of these tests may reach.
struct Unreached<F>(PhantomData<F>);

impl<F: Api + Send + Sync> Endpoint for Unreached<F>
where
    F::Error: Send,
{
    type Api = F;
    const OPERATION: &'static str = "unreached";
    async fn answer(&self, _: &mut RequestContext) -> Result<Response, F::Error> {
        panic!("an unreadable event was handed on: {CANARY}")
    }
}

/// A good event, with its canary in place of a token.
fn event() -> Value {
    let request = http::Request::put(secret_path("alice", "db")).header("authorization", format!("Bearer {CANARY}"));
    let body = Bytes::from(format!(r#"{{"data":{{"password":"{CANARY}"}}}}"#));
    let template = "/vault/api/v1/user/{user_id}/secrets/{name}";
    let head = request.body(()).unwrap().into_parts().0;
    let event = local::gateway::event_json(&head, &body, template, [127, 0, 0, 1].into()).unwrap();
    serde_json::from_str(&event).unwrap()
}

/// Events that can't be read, each with the canary at the place of its fault or elsewhere.
fn unreadable_events() -> Vec<String> {
    let mut events: Vec<String> = [
        json!(CANARY),
        json!([CANARY]),
        json!({ CANARY: CANARY }),
        json!({ "Records": [{ "body": CANARY }] }),
        json!({ "version": "2.0", "rawPath": "/", "headers": { "authorization": CANARY } }),
        Value::Null,
        json!(1),
    ]
    .map(|event| event.to_string())
    .into();
    let bearer = |rest: &str| format!("Bearer {CANARY}{rest}");
    let headers = [
        json!({ "authorization": [bearer("\u{7f}")] }),
        json!({ "authorization": bearer("\u{7f}") }),
        json!({ "authorization": [bearer("\0")] }),
        json!({ "authorization": [bearer("\n")] }),
        json!({ "authorization": [bearer("\r\nx: y")] }),
        json!({ "authorization": [bearer("\u{1f}")] }),
        json!({ "authorization": ["Bearer good", bearer("\u{8}")] }),
        json!({ "authorization": [[bearer("")]] }),
        json!({ "authorization": { bearer(""): 1 } }),
        json!({ "authorization": [bearer(""), null] }),
        json!({ "authorization": [bearer(""), 1] }),
        json!({ "authorization": null, "x": [bearer("")] }),
        json!({ bearer(""): ["x"] }),
        json!({ "": [bearer("")] }),
        json!({ format!("authorization\n{CANARY}"): ["x"] }),
        json!({ "x\u{fc}": [bearer("")] }),
        json!([bearer("")]),
        json!(bearer("")),
    ];
    for wrong in headers {
        for member in ["headers", "multiValueHeaders"] {
            let mut event = event();
            event[member] = wrong.clone();
            events.push(event.to_string());
        }
    }
    let members = [
        ("/httpMethod", json!(format!("PUT {CANARY}"))),
        ("/httpMethod", json!({ "of": CANARY })),
        ("/path", json!([CANARY])),
        ("/body", json!({ "password": CANARY })),
        ("/isBase64Encoded", json!(CANARY)),
        ("/queryStringParameters", json!(CANARY)),
        ("/multiValueQueryStringParameters", json!({ "a": { CANARY: 1 } })),
        ("/pathParameters", json!({ "name": [CANARY] })),
        ("/stageVariables", json!(CANARY)),
        ("/requestContext", json!(CANARY)),
        ("/requestContext", json!([CANARY])),
        ("/requestContext/httpMethod", json!(format!("PUT {CANARY}"))),
        ("/requestContext/requestTimeEpoch", json!(CANARY)),
        ("/requestContext/requestId", json!([CANARY])),
        ("/requestContext/identity", json!(CANARY)),
    ];
    for (place, wrong) in members {
        let mut event = event();
        *event.pointer_mut(place).unwrap() = wrong;
        events.push(event.to_string());
    }
    for missing in ["httpMethod", "requestContext"] {
        let mut event = event();
        event.as_object_mut().unwrap().remove(missing).unwrap();
        events.push(event.to_string());
    }
    let text = event().to_string();
    // A member that is there twice, half a character, and more depth than is read.
    events.push(text.replacen('{', &format!(r#"{{"path":"{CANARY}","#), 1));
    events.push(text.replacen("/secrets/db", r"/secrets/\ud800", 1));
    events.push(text.replacen(&format!("\"Bearer {CANARY}\""), &format!("{}{}", "[".repeat(200), "]".repeat(200)), 1));
    events
}

#[tokio::test]
async fn an_event_that_can_not_be_read_is_a_400_and_nothing_of_it_is_in_the_log() {
    let vault = json!({
        "error_code": "INVALID_REQUEST_DATA", "property": "request",
        "error_message": "The request can't be read: a header or another part of it is malformed",
    });
    for event in unreadable_events() {
        let log = Log::default();
        let guard = log.start();
        let read = || serde_json::from_str(&event).unwrap();
        let answers = [
            serve_event(&Unreached::<vault::VaultApi>(PhantomData), read()).await,
            serve_event(&Unreached::<search::SearchApi>(PhantomData), read()).await,
            // The same while the function can't be prepared.
            refuse_event::<vault::VaultApi>("cold", read(), vault::VaultApi::unprepared("a setting".to_owned())),
            refuse_event::<search::SearchApi>("cold", read(), search::SearchApi::unprepared("a setting".to_owned())),
        ];
        drop(guard);
        let log = log.text();
        assert!(!log.contains(CANARY), "{event}: {log}");
        assert_eq!(log.lines().count(), answers.len(), "{event}: {log}");
        let sent: Value = serde_json::from_str(&event).unwrap_or_default();
        for (i, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.status(), 400, "{event}");
            let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
            assert!(log.contains(&id), "{event}: {log}");
            if let Some(gateways) = sent.pointer("/requestContext/requestId").and_then(Value::as_str) {
                assert_eq!(id, gateways.replace('-', ""), "{event}");
            }
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            if i % 2 == 0 {
                assert_eq!(body, vault, "{event}");
            } else {
                assert_eq!(
                    (&body["detailCode"], &body["trackingId"]),
                    (&json!("400.1 Bad Request Content"), &json!(id))
                );
                assert!(!body.to_string().contains(CANARY), "{event}");
            }
        }
    }
}

#[tokio::test]
async fn an_event_that_can_be_read_is_handed_on() {
    let log = Log::default();
    let guard = log.start();
    let event = serde_json::from_value(event()).unwrap();
    let answer = serve_event(&Unreached::<vault::VaultApi>(PhantomData), event).await;
    drop(guard);
    // The endpoint panics, and its panic is an answer as well.
    assert_eq!(answer.status(), 500);
    assert!(!log.text().contains(CANARY), "{}", log.text());
}

#[tokio::test]
async fn a_running_server_shows_no_key() {
    let server = Server::start().await;
    let signing = fs::read_to_string(server.folder().join("data/signing-key.pem")).unwrap();
    let shown = format!("{:?}", server.local());
    assert!(!shown.contains(signing.lines().nth(1).unwrap()), "{shown}");
}
