//! The server under test.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_smithy_runtime_api::client::http::HttpClient;
use local::app::Authenticators;
use local::embedded::{EmbeddedTable, client};
use local::gateway::Functions;
use local::local_stores::LocalStores;
use local::tokens::{Grant, SigningKey};
use shared::auth::Authenticator;
use shared::settings::LocalSettings;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Client;
use super::functions::{self, Lease};

type Wrap = Box<dyn FnOnce(EmbeddedTable) -> aws_sdk_dynamodb::Client>;

/// Settings of a server's start.
#[derive(Default)]
pub struct Builder {
    settings: Vec<(&'static str, String)>,
    authenticator: Option<Authenticator>,
    wrap: Option<Wrap>,
    folder: Option<TempDir>,
}

impl Builder {
    /// With a setting of the environment.
    pub fn setting(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    /// With another authenticator than the settings make.
    pub fn authenticator(mut self, authenticator: Authenticator) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// With an HTTP client between the SDK and the table, and repetitions that don't keep a test waiting.
    pub fn between<H: HttpClient + 'static>(mut self, wrap: impl FnOnce(EmbeddedTable) -> H + 'static) -> Self {
        self.wrap = Some(Box::new(move |table| {
            let config = client(wrap(table)).config().clone();
            // All clients of a process share one quota of repetitions; a test that uses it up must not starve others.
            let quota = RetryPartition::custom("test").build();
            let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
            let retries = retries.with_initial_backoff(Duration::from_millis(1));
            let config = config.to_builder().retry_partition(quota).retry_config(retries);
            aws_sdk_dynamodb::Client::from_conf(config.build())
        }));
        self
    }

    /// On the folder that a server before left.
    pub fn on(mut self, folder: TempDir) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Starts the server, on a fresh folder unless it was told of another.
    pub async fn start(self) -> Server {
        if functions::wanted() { self.start_functions().await } else { self.start_embedded().await }
    }

    async fn start_embedded(self) -> Server {
        let folder = self.folder.unwrap_or_else(|| tempfile::tempdir().unwrap());
        let local = LocalStores::open(&folder.path().join("data")).unwrap();
        let lookup =
            |name: &str| self.settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let LocalSettings { requests, tokens } = local.settings(&lookup).unwrap();
        let authenticators = match self.authenticator {
            Some(one) => Authenticators { vault: one.clone(), search: one },
            None => Authenticators::new(tokens).unwrap(),
        };
        let table = client(local.table().clone());
        let used = self.wrap.map_or_else(|| table.clone(), |wrap| wrap(local.table().clone()));
        let app = local.app(used, local.documents().clone(), authenticators, requests).await.unwrap();
        Server::run(app, table, Behind::Embedded { local: Box::new(local), folder }).await
    }

    async fn start_functions(self) -> Server {
        let embedded = self.authenticator.is_some() || self.wrap.is_some() || self.folder.is_some();
        assert!(!embedded, "a test of the embedded stores or of one process");
        let lease = Lease::take(&self.settings).await;
        Server::run(lease.fleet(), lease.table(), Behind::Functions(lease)).await
    }
}

/// Endpoint behind the server.
enum Behind {
    Embedded { local: Box<LocalStores>, folder: TempDir },
    Functions(Lease),
}

/// A running server. It ends with the test.
pub struct Server {
    address: SocketAddr,
    behind: Behind,
    /// The table, without the layers between it and the server.
    pub table: aws_sdk_dynamodb::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Puts the gateway before functions.
    async fn run(functions: impl Functions + 'static, table: aws_sdk_dynamodb::Client, behind: Behind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stop = async move {
                if stopped.await.is_err() {
                    // The test is over, and its runtime with it.
                    pending::<()>().await;
                }
            };
            local::server::run(listener, functions, stop).await.unwrap();
        });
        Self { address, behind, table, stop: Some(stop), task }
    }

    /// A server as `cargo run` starts it.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// A server that is started otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder that holds its data folder.
    pub fn folder(&self) -> &std::path::Path {
        self.embedded().1.path()
    }

    /// The embedded stores.
    pub fn local(&self) -> &LocalStores {
        self.embedded().0
    }

    fn embedded(&self) -> (&LocalStores, &TempDir) {
        match &self.behind {
            Behind::Embedded { local, folder } => (local, folder),
            Behind::Functions(_) => panic!("a test of the embedded stores"),
        }
    }

    /// The key that this server's tokens are signed with.
    pub fn signing_key(&self) -> &SigningKey {
        match &self.behind {
            Behind::Embedded { local, .. } => local.signing_key(),
            Behind::Functions(lease) => lease.stack().key(),
        }
    }

    /// A signed token that holds for an hour.
    pub fn token(&self, user: &str, scopes: &[&str], roles: &[&str]) -> String {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        self.signing_key()
            .sign(&Grant {
                user: user.to_owned(),
                scopes: words(scopes),
                roles: words(roles),
                authorities: vec!["ORG_ADMIN".to_owned()],
                lifetime: Duration::from_secs(3600),
            })
            .unwrap()
            .to_string()
    }

    /// A client with this token, or none.
    pub fn client(&self, token: Option<String>) -> Client {
        Client::new(self.address, token)
    }

    /// A client of a user with the scopes `user` and `sp:search:read`.
    pub fn user(&self, user: &str) -> Client {
        self.client(Some(self.token(user, &["user", "sp:search:read"], &[])))
    }

    /// A client of a user with these scopes and roles.
    pub fn with(&self, user: &str, scopes: &[&str], roles: &[&str]) -> Client {
        self.client(Some(self.token(user, scopes, roles)))
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        self.client(None)
    }

    /// Stores a document as it is.
    pub async fn store_document(&self, index: &str, id: &str, document: &str) {
        if let Behind::Functions(lease) = &self.behind {
            return lease.store_document(index, id, document).await;
        }
        // Past the store, which would look at versions and line breaks.
        let file = self.folder().join("data").join("documents.db");
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        let row = "INSERT OR REPLACE INTO documents (index_name, id, version, body) VALUES (?1, ?2, 0, ?3)";
        connection.execute(row, (index, id, document.as_bytes())).unwrap();
    }

    /// Stops as on SIGTERM, and waits until it is over.
    pub async fn stop(mut self) -> TempDir {
        let _ = self.stop.take().unwrap().send(());
        self.task.await.unwrap();
        match self.behind {
            Behind::Embedded { folder, .. } => folder,
            Behind::Functions(_) => panic!("a test of the embedded stores"),
        }
    }
}
