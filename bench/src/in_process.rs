//! The endpoints in this process, over a table that is to be measured: a handler is given an event, and its answer is
//! waited for. Nothing else is between the clock and the SDK.

use std::path::Path;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use devstack::sandbox::event_with;
use local::app::{App, Authenticators};
use local::embedded::EmbeddedDocuments;
use local::gateway::Functions;
use local::gateway::routes::{self, Route};
use local::local_stores::LocalStores;
use local::tokens::Grant;
use serde::Deserialize;
use shared::clients::timeouts;
use shared::search::ReadDocument;
use shared::settings::LocalSettings;

/// The endpoints over one table, with a keyring and a token key in a folder.
#[derive(Debug)]
pub struct InProcess<D = EmbeddedDocuments> {
    local: LocalStores,
    app: App<D>,
}

/// Answer of a handler.
#[derive(Debug)]
pub struct Asked {
    /// From the event to the answer.
    pub ms: f64,
    /// The answer's body.
    pub body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerEvent {
    status_code: u16,
    body: Option<String>,
}

impl InProcess {
    /// Over the table that `table` gives for a data folder; it is made there if need be.
    pub async fn open(folder: &Path, table: impl FnOnce(&LocalStores) -> Client) -> Result<Self, String> {
        let local = LocalStores::open(folder).map_err(|error| error.to_string())?;
        let documents = local.documents().clone();
        Self::over(local, table, documents).await
    }
}

impl<D: ReadDocument> InProcess<D> {
    /// The same, with documents from elsewhere.
    pub async fn with_documents(
        folder: &Path,
        table: impl FnOnce(&LocalStores) -> Client,
        documents: D,
    ) -> Result<Self, String> {
        Self::over(LocalStores::open(folder).map_err(|error| error.to_string())?, table, documents).await
    }

    async fn over(
        local: LocalStores,
        table: impl FnOnce(&LocalStores) -> Client,
        documents: D,
    ) -> Result<Self, String> {
        let LocalSettings { requests, tokens } = local.settings(&|_| None).map_err(|error| error.to_string())?;
        let authenticators = Authenticators::new(tokens).map_err(|error| error.to_string())?;
        let app = local.app(table(&local), documents, authenticators, requests).await;
        let app = app.map_err(|error| error.to_string())?;
        Ok(Self { local, app })
    }

    /// A token of a user with these scopes, for a day.
    pub fn token(&self, user: &str, scopes: &[&str]) -> Result<String, String> {
        self.token_with_roles(user, scopes, &[])
    }

    /// The same with these roles.
    pub fn token_with_roles(&self, user: &str, scopes: &[&str], roles: &[&str]) -> Result<String, String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let grant = Grant {
            user: user.to_owned(),
            scopes: words(scopes),
            roles: words(roles),
            // A reader of documents needs one.
            authorities: vec!["ORG_ADMIN".to_owned()],
            lifetime: Duration::from_secs(24 * 60 * 60),
        };
        self.local.signing_key().sign(&grant).map(|token| token.to_string()).map_err(|error| error.to_string())
    }

    /// Hands a request to its handler, as the event that Lambda would give it, and holds the answer's status.
    ///
    /// # Errors
    /// If there is no such route, or the answer has another status.
    pub async fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: String,
        expected: u16,
    ) -> Result<Asked, String> {
        let known = method.parse().map_err(|_| format!("{method} is no method"))?;
        let route = path.split('?').next().unwrap_or_default();
        let Route::To(_, operation) = routes::find(&known, route) else { return Err(format!("no route: {path}")) };
        let event = event_with(token, method, path, body);
        let started = Instant::now();
        let answer = self.app.invoke(operation, event).await.map_err(|error| error.to_string())?;
        let ms = started.elapsed().as_secs_f64() * 1e3;
        let answer: AnswerEvent = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        let body = answer.body.unwrap_or_default();
        if answer.status_code == expected {
            Ok(Asked { ms, body })
        } else {
            Err(format!("{method} {path} was answered with {}: {body}", answer.status_code))
        }
    }
}

/// The settings of a client of DynamoDB Local. It keeps the tables of each access key apart.
pub fn local_config(url: &str, access_key: &str) -> aws_sdk_dynamodb::config::Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::from_keys(access_key, "test", None))
        .timeout_config(timeouts())
        .endpoint_url(url)
}

/// A client with these settings.
#[expect(clippy::disallowed_methods, reason = "a client of a service of this machine, with the functions' time limits")]
pub fn client_of(config: aws_sdk_dynamodb::config::Builder) -> Client {
    Client::from_conf(config.build())
}
