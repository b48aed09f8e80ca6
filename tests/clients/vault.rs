//! Clients of the vault.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use url::Url;

use crate::support::{Reply, Server, expect_vault_401, fault, fault_at, utc};

use super::{Recording, for_each_client};

for_each_client! {
    (
        privx_sdk_go: "privx-sdk-go-2.44.0.jsonl";
        privx_sdk_for_python: "privx-sdk-for-python-43.0.0.jsonl";
    )
    {
        a_create_is_answered_with_201_the_name_and_a_location;
        a_location_leads_to_the_created_secret;
        a_name_that_is_taken_is_refused_with_an_error_code;
        a_secret_comes_back_under_its_name_with_the_bytes_of_its_data;
        a_secret_has_the_members_that_the_client_parses;
        a_list_holds_the_requested_page_and_the_total;
        a_list_without_secrets_has_an_empty_array;
        an_update_is_answered_with_200_and_an_empty_body;
        an_update_changes_the_members_of_its_body_and_keeps_the_others;
        a_delete_is_answered_with_200_and_an_empty_body;
        a_deleted_secret_is_gone;
        a_missing_secret_is_recognised_by_the_text_of_the_error;
        a_request_for_the_vault_of_another_user_is_refused_with_an_error_code;
        an_invalid_token_is_answered_with_401_and_an_error_code;
    }
}

/// Members of a secret with bytes that matter, in requests and answers.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    read_roles: Option<Vec<Role>>,
    write_roles: Option<Vec<Role>>,
}

/// Role of a request or an answer.
#[derive(Deserialize)]
struct Role {
    id: String,
}

impl<'a> Payload<'a> {
    fn parse(text: &'a str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Bytes of the data.
    fn data(&self) -> Option<&'a str> {
        self.data.map(RawValue::get)
    }
}

/// Ids of a role list, or `None` for null and for an absent list.
fn ids(roles: &Option<Vec<Role>>) -> Option<Vec<&str>> {
    roles.as_ref().map(|roles| roles.iter().map(|role| role.id.as_str()).collect())
}

/// A server and a client's recorded requests to it, all of one user.
struct Replay {
    server: Server,
    token: String,
    recordings: Vec<Recording>,
}

impl Replay {
    /// An empty server.
    async fn start(file: &str) -> Self {
        let server = Server::start().await;
        let recordings = Recording::read(file);
        let user = recordings[0].argument("user_id");
        assert!(recordings.iter().all(|recording| recording.argument("user_id") == user));
        let token = server.token(user, &["user"], &[]);
        Self { server, token, recordings }
    }

    /// A server after all recorded creates.
    async fn with_secrets(file: &str) -> Self {
        let replay = Self::start(file).await;
        for create in replay.creates() {
            replay.send(create).await.expect_status(201);
        }
        replay
    }

    /// Recordings of one method, of a single secret or of the collection.
    fn recorded(&self, method: &str, single: bool) -> Vec<&Recording> {
        let is_meant = |recording: &&Recording| {
            let named = recording.method == "POST" || recording.arguments.contains_key("name");
            recording.method == method && named == single
        };
        let recordings: Vec<_> = self.recordings.iter().filter(is_meant).collect();
        assert!(!recordings.is_empty(), "no {method} was recorded");
        recordings
    }

    fn creates(&self) -> Vec<&Recording> {
        self.recorded("POST", true)
    }

    fn gets(&self) -> Vec<&Recording> {
        self.recorded("GET", true)
    }

    fn lists(&self) -> Vec<&Recording> {
        self.recorded("GET", false)
    }

    fn updates(&self) -> Vec<&Recording> {
        self.recorded("PUT", true)
    }

    fn deletes(&self) -> Vec<&Recording> {
        self.recorded("DELETE", true)
    }

    /// Recorded create of the secret that another recording is about.
    fn create_of(&self, recording: &Recording) -> &Recording {
        let name = recording.argument("name");
        self.creates().into_iter().find(|create| create.argument("name") == name).expect("a create of this name")
    }

    async fn send(&self, recording: &Recording) -> Reply {
        recording.replay(&self.server, &self.token).await
    }

    /// Replays the recorded get of the secret that another recording is about.
    async fn get(&self, recording: &Recording) -> Reply {
        let name = recording.argument("name");
        let get = self.gets().into_iter().find(|get| get.argument("name") == name).expect("a get of this name");
        self.send(get).await
    }
}

async fn a_create_is_answered_with_201_the_name_and_a_location(file: &str) {
    let replay = Replay::start(file).await;
    for create in replay.creates() {
        let reply = replay.send(create).await;
        let name = create.argument("name");
        assert_eq!((reply.status, &reply.json()), (201, &json!({ "name": name })));
        assert!(reply.header("location").starts_with("/vault/api/v1/user/"), "{reply:?}");
    }
}

async fn a_location_leads_to_the_created_secret(file: &str) {
    let replay = Replay::start(file).await;
    for create in replay.creates() {
        let created = replay.send(create).await;
        let owner = replay.server.client(Some(replay.token.clone()));
        let secret = owner.get(created.header("location")).await.expect_status(200).json();
        assert_eq!(secret["name"], create.argument("name"));
    }
}

async fn a_name_that_is_taken_is_refused_with_an_error_code(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for create in replay.creates() {
        let message = "a secret of this name is there already; update it, or choose another name";
        replay.send(create).await.expect(400, &fault_at("VALUE_DUPLICATE", "name", message));
    }
}

async fn a_secret_comes_back_under_its_name_with_the_bytes_of_its_data(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for get in replay.gets() {
        let reply = replay.send(get).await;
        assert_eq!(reply.expect_status(200).json()["name"], get.argument("name"));
        let sent = Payload::parse(&replay.create_of(get).body).data();
        assert_eq!(Payload::parse(reply.text()).data(), Some(sent.expect("a create has data")));
    }
}

async fn a_secret_has_the_members_that_the_client_parses(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for get in replay.gets() {
        let reply = replay.send(get).await;
        assert_eq!(reply.header("content-type"), "application/json");
        is_secret(&reply.expect_status(200).json());
    }
    for list in replay.lists() {
        let reply = replay.send(list).await;
        assert_eq!(reply.header("content-type"), "application/json");
        for item in reply.expect_status(200).json()["items"].as_array().unwrap() {
            is_secret(item);
        }
    }
}

/// Holds the types of a secret's members.
#[track_caller]
fn is_secret(secret: &Value) {
    for member in ["name", "owner_id", "author", "path", "updated_by"] {
        assert!(secret[member].is_string(), "{member}: {secret}");
    }
    for member in ["created", "updated"] {
        utc(&secret[member]);
    }
    for member in ["read_roles", "write_roles"] {
        for role in secret[member].as_array().unwrap_or_else(|| panic!("{member}: {secret}")) {
            assert!(role["id"].is_string() && role["name"].is_string() && role["deleted"].is_boolean(), "{secret}");
        }
    }
    assert!(secret["data"].is_object(), "{secret}");
}

async fn a_list_holds_the_requested_page_and_the_total(file: &str) {
    let replay = Replay::with_secrets(file).await;
    let mut names: Vec<_> = replay.creates().iter().map(|create| create.argument("name")).collect();
    names.sort_unstable();
    for list in replay.lists() {
        let url = Url::parse(&format!("http://localhost{}", list.target)).unwrap();
        let query = |name: &str| {
            let value = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            value.map(|value| value.parse::<usize>().unwrap())
        };
        let page = names.iter().skip(query("offset").unwrap_or(0)).take(query("limit").unwrap_or(100));
        let answer = replay.send(list).await.expect_status(200).json();
        let answered = answer["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
        assert_eq!(answered.collect::<Vec<_>>(), page.copied().collect::<Vec<_>>(), "{}", list.target);
        assert_eq!(answer["count"], names.len(), "{}", list.target);
    }
}

async fn a_list_without_secrets_has_an_empty_array(file: &str) {
    let replay = Replay::start(file).await;
    for list in replay.lists() {
        replay.send(list).await.expect(200, &json!({ "count": 0, "items": [] }));
    }
}

async fn an_update_is_answered_with_200_and_an_empty_body(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for update in replay.updates() {
        let reply = replay.send(update).await;
        assert_eq!((reply.status, reply.text()), (200, ""), "{}", update.target);
    }
}

async fn an_update_changes_the_members_of_its_body_and_keeps_the_others(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for update in replay.updates() {
        replay.send(update).await.expect_status(200);
    }
    for update in replay.updates() {
        let (before, sent) = (Payload::parse(&replay.create_of(update).body), Payload::parse(&update.body));
        let reply = replay.get(update).await;
        // The body's name may be empty or escaped: the path's counts.
        assert_eq!(reply.expect_status(200).json()["name"], update.argument("name"));
        let after = Payload::parse(reply.text());
        assert_eq!(after.data(), sent.data().or(before.data()));
        let kept_or_sent = [
            (&before.read_roles, &sent.read_roles, &after.read_roles),
            (&before.write_roles, &sent.write_roles, &after.write_roles),
        ];
        for (before, sent, after) in kept_or_sent {
            assert_eq!(ids(after), ids(sent).or(ids(before)).or(Some(vec![])), "{}", update.body);
        }
    }
}

async fn a_delete_is_answered_with_200_and_an_empty_body(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for delete in replay.deletes() {
        let reply = replay.send(delete).await;
        assert_eq!((reply.status, reply.text()), (200, ""), "{}", delete.target);
    }
}

async fn a_deleted_secret_is_gone(file: &str) {
    let replay = Replay::with_secrets(file).await;
    for delete in replay.deletes() {
        replay.get(delete).await.expect_status(200);
        replay.send(delete).await.expect_status(200);
        replay.get(delete).await.expect_status(404);
    }
}

async fn a_missing_secret_is_recognised_by_the_text_of_the_error(file: &str) {
    let replay = Replay::start(file).await;
    for request in [replay.gets(), replay.updates(), replay.deletes()].concat() {
        let reply = replay.send(request).await;
        let error = reply.expect_status(404).json();
        assert_eq!(error["error_code"], "GENERAL_ERROR");
        let message = error["error_message"].as_str().unwrap();
        assert!(message.to_lowercase().contains("secret not found"), "{message}");
        assert!(message.contains("NOT_FOUND"), "{message}");
    }
}

async fn a_request_for_the_vault_of_another_user_is_refused_with_an_error_code(file: &str) {
    let replay = Replay::with_secrets(file).await;
    let stranger = replay.server.token("bob", &["user"], &[]);
    for request in [replay.creates(), replay.lists()].concat() {
        let reply = request.replay(&replay.server, &stranger).await;
        let error = reply.expect_status(403).json();
        assert_eq!(error, fault("PERMISSION_DENIED", error["error_message"].as_str().unwrap()));
    }
}

async fn an_invalid_token_is_answered_with_401_and_an_error_code(file: &str) {
    let replay = Replay::start(file).await;
    for request in &replay.recordings {
        expect_vault_401(&request.replay(&replay.server, "none").await, "JWT is malformed");
    }
}
