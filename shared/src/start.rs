//! How a function starts: log, settings, clients, keys — then requests.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use futures_util::FutureExt;
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::service_fn;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use url::Url;

use crate::auth::Authenticator;
use crate::clients::{self, Connections, Issuer};
use crate::deps::{SearchDeps, TableDeps, VaultDeps};
use crate::error_chain::error_chain;
use crate::http::{Api, Endpoint, RequestEvent, answer_event, refuse_event, serve_event};
use crate::sealing::{Sealer, SecretsManagerKeyring};
use crate::search::{OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings, OpenSearchWriter};
use crate::settings::{
    SearchAuth, SearchSettings, TableSettings, TokenKeys, TokenSettings, VaultSettings, WriteSettings, from_env,
    log_level,
};
use crate::telemetry;
use crate::vault::VaultService;
use crate::vault::dynamodb::DynamoDbVault;

/// How long the services behind may hold up the start of a function. Lambda gives it ten seconds.
const PREPARATION: Duration = Duration::from_secs(3);

/// How long a task may take whose deadline was over before it began: it comes from a tool that sets none.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

const NO_REGION: &str = "AWS_REGION is missing: the region of the domain";

/// Why a function doesn't start.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Runs a function on Lambda until the sandbox ends. What keeps it from being prepared, a missing setting say, is
/// logged; each request is then answered with the documented error and tries again, for a process that ends while it
/// starts is only started again, and its clients see none of our errors.
pub async fn run<E, F>(prepare: impl Fn() -> F + Send + Sync) -> ExitCode
where
    E: Endpoint,
    F: Future<Output = Result<E, StartError>> + Send,
{
    start_log(E::OPERATION);
    let prepared = OnceCell::new();
    let (prepared, prepare) = (&prepared, &prepare);
    if let Err(error) = prepared.get_or_try_init(prepare).await {
        unprepared(E::OPERATION, error.as_ref());
    }
    let answer = move |event: RequestEvent| async move {
        match prepared.get_or_try_init(prepare).await {
            Ok(endpoint) => serve_event(endpoint, event).await,
            Err(error) => refuse_event::<E::Api>(E::OPERATION, event, E::Api::unprepared(error_chain(error.as_ref()))),
        }
    };
    // On the heap, for the type of a whole function in one is too deep for the compiler.
    let handler = move |event: LambdaEvent<RequestEvent>| {
        answer(event.payload).map(|answer| Ok::<_, Infallible>(answer_event(answer))).boxed()
    };
    ended(E::OPERATION, lambda_runtime::run(service_fn(handler)).await)
}

/// What a function does that is called by a service rather than through a gateway.
pub trait Task: Send + Sync {
    /// The function's name.
    const OPERATION: &'static str;
    /// What it is called with.
    type Event: DeserializeOwned + Send;
    /// What it answers.
    type Response: Serialize;

    /// Does what the event asks for, within the time that is left. An error is Lambda's to handle: who called may call
    /// again.
    fn run(
        &self,
        event: Self::Event,
        time_left: Duration,
    ) -> impl Future<Output = Result<Self::Response, StartError>> + Send;
}

/// Runs such a function on Lambda until the sandbox ends. What keeps it from being prepared is logged, is the error of
/// each call, and is tried again with the next.
pub async fn run_task<T, F>(prepare: impl Fn() -> F + Send + Sync) -> ExitCode
where
    T: Task,
    F: Future<Output = Result<T, StartError>> + Send,
{
    start_log(T::OPERATION);
    let prepared = OnceCell::new();
    let (prepared, prepare) = (&prepared, &prepare);
    if let Err(error) = prepared.get_or_try_init(prepare).await {
        unprepared(T::OPERATION, error.as_ref());
    }
    // Read here and not by the runtime, which logs what it can't read.
    let handler = move |event: LambdaEvent<Box<RawValue>>| {
        let time_left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or(WITHOUT_DEADLINE);
        async move {
            let event = serde_json::from_str(event.payload.get()).map_err(|error| unreadable(&error))?;
            prepared.get_or_try_init(prepare).await?.run(event, time_left).await
        }
        .boxed()
    };
    ended(T::OPERATION, lambda_runtime::run(service_fn(handler)).await)
}

/// The error of an event that a task can't read: its place. The library's message quotes the value.
fn unreadable(error: &serde_json::Error) -> StartError {
    format!("the event can't be read: column {} of line {}", error.column(), error.line()).into()
}

fn start_log(operation: &'static str) {
    let level = log_level(&from_env);
    telemetry::start(*level.as_ref().unwrap_or(&tracing::Level::INFO), BoxMakeWriter::new(std::io::stdout));
    if let Err(faults) = level {
        tracing::error!(operation, error = faults.to_string(), "the log's level is not acceptable");
    }
}

fn unprepared(operation: &'static str, error: &(dyn std::error::Error + 'static)) {
    for line in error_chain(error).lines() {
        tracing::error!(operation, error = line, "the function can't be prepared");
    }
}

fn ended(operation: &'static str, result: Result<(), lambda_runtime::Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(operation, error = error.to_string(), "the Lambda runtime failed");
            ExitCode::FAILURE
        }
    }
}

/// An authenticator for these settings.
///
/// # Errors
/// What keeps the key server's client from being made.
pub fn authenticator(settings: TokenSettings) -> Result<Authenticator, StartError> {
    Ok(match settings.keys {
        TokenKeys::Fixed(keys) => Authenticator::with_keys(keys, settings.rules),
        TokenKeys::Url(url) => Authenticator::with_jwks_client(clients::jwks_client(&url)?, settings.rules),
    })
}

/// Waits for what is prepared side by side, but not for long: what isn't ready then, or failed, the first request
/// prepares.
async fn ready_in_time<T>(preparation: impl Future<Output = T>) {
    if tokio::time::timeout(PREPARATION, preparation).await.is_err() {
        tracing::warn!("not everything was ready within {PREPARATION:?}");
    }
}

/// Prepares a function that sees what is in a secret: keyring, token keys and the connection to the table at once.
///
/// # Errors
/// The settings' faults.
pub async fn vault() -> Result<VaultDeps<DynamoDbVault>, StartError> {
    let settings = VaultSettings::read(&from_env)?;
    let (keyring_url, table_url) = (settings.secrets_manager_url.clone(), settings.table.dynamodb_url.clone());
    let connections = Connections::new(Issuer::Amazon, keyring_url.iter().chain(&table_url))?;
    // Secrets Manager first, for its answer is what the first request waits for longest; the clients are made while
    // the servers are waited for.
    let to_keyring = preconnect(&connections, clients::secrets_manager_url(keyring_url)).await;
    let to_table = preconnect(&connections, clients::dynamodb_url(table_url)).await;
    let config = clients::lambda_config(&connections).await;
    let keyring = SecretsManagerKeyring::new(
        clients::secrets_manager(&config, settings.secrets_manager_url.as_ref()),
        settings.keyring_secret,
    );
    let sealer = Arc::new(Sealer::new(Box::new(keyring), settings.keyring_max_age));
    let TableDeps { authenticator, store } = table_deps(settings.table, &config)?;
    let to_keyring = async {
        let _ = to_keyring.await;
        // Not waited for: the answer comes while the first request reads its item, or, where it seals first, is waited
        // for there.
        tokio::spawn(ready_in_time(read_keyring(Arc::clone(&sealer))));
    };
    ready_in_time(async { tokio::join!(authenticator.warm_up(), to_keyring, to_table) }).await;
    Ok(VaultDeps { authenticator, vault: VaultService::new(store, sealer), limits: settings.limits })
}

async fn read_keyring(sealer: Arc<Sealer>) {
    if let Err(error) = sealer.keyring().await {
        tracing::warn!(error = error.to_string(), "the keyring is not there yet");
    }
}

/// Prepares delete-secret, which never sees what is in a secret and has no keyring.
///
/// # Errors
/// The settings' faults.
pub async fn table() -> Result<TableDeps<DynamoDbVault>, StartError> {
    let settings = TableSettings::read(&from_env)?;
    let url = settings.dynamodb_url.clone();
    let connections = Connections::new(Issuer::Amazon, &url)?;
    let connected = preconnect(&connections, clients::dynamodb_url(url)).await;
    let config = clients::lambda_config(&connections).await;
    let deps = table_deps(settings, &config)?;
    ready_in_time(async { tokio::join!(deps.authenticator.warm_up(), connected) }).await;
    Ok(deps)
}

/// Begins to open a connection, which goes on while other things are prepared. There is none where nobody knows the
/// server's address.
pub async fn preconnect(
    connections: &Connections,
    server: impl Future<Output = Option<Url>> + Send + 'static,
) -> JoinHandle<()> {
    let connections = connections.clone();
    let opened = tokio::spawn(async move {
        if let Some(server) = server.await {
            connections.preconnect(&server).await;
        }
    });
    // The first step is made here; what it waits for, the operating system and the network do from here on.
    tokio::task::yield_now().await;
    opened
}

fn table_deps(settings: TableSettings, config: &SdkConfig) -> Result<TableDeps<DynamoDbVault>, StartError> {
    let client = clients::dynamodb(config, settings.dynamodb_url.as_ref());
    Ok(TableDeps { authenticator: authenticator(settings.tokens)?, store: DynamoDbVault::new(client, settings.table) })
}

/// Prepares a function of the search API.
///
/// # Errors
/// The settings' faults, or what keeps the client from being made.
pub async fn search() -> Result<SearchDeps<OpenSearchDocuments>, StartError> {
    let settings = SearchSettings::read(&from_env)?;
    let connections = clients::opensearch_connections(&settings.url, matches!(settings.auth, SearchAuth::SigV4))?;
    let connected = preconnect(&connections, ready(Some(settings.url.clone()))).await;
    let auth = opensearch_auth(settings.auth).await?;
    let documents = OpenSearchSettings {
        url: settings.url,
        auth,
        alias_prefix: settings.alias_prefix,
        timeout: settings.timeout,
        max_document_bytes: crate::http::GATEWAY_RESPONSE_LIMIT,
    };
    let documents = clients::opensearch(&connections, documents)?;
    let authenticator = authenticator(settings.tokens)?;
    ready_in_time(async { tokio::join!(authenticator.warm_up(), connected) }).await;
    Ok(SearchDeps { authenticator, documents, rules: settings.rules, add_type: settings.add_type })
}

/// What authorizes a function's requests to OpenSearch.
async fn opensearch_auth(auth: SearchAuth) -> Result<OpenSearchAuth, StartError> {
    match auth {
        SearchAuth::SigV4 => clients::lambda_signing().await.ok_or_else(|| NO_REGION.into()),
        SearchAuth::Basic { user, password } => Ok(OpenSearchAuth::Basic { user, password }),
        SearchAuth::None => Ok(OpenSearchAuth::None),
    }
}

/// Signs requests to OpenSearch with these credentials.
///
/// # Errors
/// What is missing.
pub fn signing(config: &SdkConfig) -> Result<OpenSearchAuth, StartError> {
    let region = config.region().cloned().ok_or(NO_REGION)?;
    let credentials = config.credentials_provider().ok_or("no source of AWS credentials")?;
    Ok(OpenSearchAuth::SigV4 { region, credentials })
}

/// Prepares a function that writes documents.
///
/// # Errors
/// The settings' faults, or what keeps the client from being made.
pub async fn writer() -> Result<OpenSearchWriter, StartError> {
    let WriteSettings { url, auth, alias_prefix, timeout } = WriteSettings::read(&from_env)?;
    let connections = clients::opensearch_connections(&url, matches!(auth, SearchAuth::SigV4))?;
    let connected = preconnect(&connections, ready(Some(url.clone()))).await;
    let cluster = clients::cluster(&connections, url, opensearch_auth(auth).await?)?;
    ready_in_time(connected).await;
    Ok(OpenSearchWriter::new(cluster, alias_prefix, timeout))
}
