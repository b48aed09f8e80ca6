//! Start of a function: its settings, clients, keys and connections.

mod error;
mod run;
mod task;

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use tokio::task::JoinHandle;
use url::Url;

use crate::auth::{Authenticator, JwksClient};
use crate::clients::{self, Connections, Issuer};
use crate::deps::{SearchDeps, TableDeps, VaultDeps};
use crate::sealing::{Sealer, SecretsManagerKeyring};
use crate::search::{Cluster, OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings, OpenSearchWriter};
use crate::settings::{
    SearchAuth, SearchSettings, TableSettings, TokenKeys, TokenSettings, VaultSettings, WriteSettings, from_env,
};
use crate::vault::VaultService;
use crate::vault::dynamodb::DynamoDbVault;

pub use error::StartError;
pub use run::{run, run_task};
pub use task::Task;

/// Longest time that the services behind may delay the start of a function. Lambda gives it ten seconds.
const PREPARATION: Duration = Duration::from_secs(3);

const NO_REGION: &str = "AWS_REGION is missing: the region of the domain";

/// An authenticator for these settings.
pub fn authenticator(settings: TokenSettings) -> Result<Authenticator, StartError> {
    Ok(match settings.keys {
        TokenKeys::Fixed(keys) => Authenticator::with_keys(keys, settings.rules),
        TokenKeys::Url(url) => Authenticator::with_jwks_client(JwksClient::of(&url)?, settings.rules),
    })
}

/// Waits for parallel preparations, but not for long: the first request repeats one that isn't ready or failed.
async fn ready_in_time<T>(preparation: impl Future<Output = T>) {
    if tokio::time::timeout(PREPARATION, preparation).await.is_err() {
        tracing::warn!("not everything was ready within {PREPARATION:?}");
    }
}

/// Prepares a function that reads plaintext: keyring, token keys and the connection to the table at once.
pub async fn vault() -> Result<VaultDeps<DynamoDbVault>, StartError> {
    let settings = VaultSettings::read(&from_env)?;
    let (keyring_url, table_url) = (settings.secrets_manager_url.clone(), settings.table.dynamodb_url.clone());
    let connections = Connections::new(Issuer::Amazon, keyring_url.iter().chain(&table_url))?;
    // Secrets Manager first, for the first request waits longest for its answer; the clients are made during the
    // handshakes.
    let to_keyring = preconnect(&connections, clients::secrets_manager_url(keyring_url)).await;
    let to_table = preconnect(&connections, clients::dynamodb_url(table_url)).await;
    let config = clients::lambda_config(&connections).await;
    let keyring = SecretsManagerKeyring::new(
        clients::secrets_manager(&config, settings.secrets_manager_url.as_ref()),
        settings.keyring_secret,
    );
    let sealer = Arc::new(Sealer::new(Box::new(keyring), settings.keyring_max_age));
    let store = table_store(&settings.table, &config);
    let authenticator = authenticator(settings.table.tokens)?;
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

/// Prepares delete-secret, which never reads plaintext and has no keyring.
pub async fn table() -> Result<TableDeps<DynamoDbVault>, StartError> {
    let settings = TableSettings::read(&from_env)?;
    let url = settings.dynamodb_url.clone();
    let connections = Connections::new(Issuer::Amazon, &url)?;
    let connected = preconnect(&connections, clients::dynamodb_url(url)).await;
    let config = clients::lambda_config(&connections).await;
    let store = table_store(&settings, &config);
    let deps = TableDeps { authenticator: authenticator(settings.tokens)?, vault: VaultService::without_sealer(store) };
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
    // The first step is made here; the operating system and the network do the rest.
    tokio::task::yield_now().await;
    opened
}

fn table_store(settings: &TableSettings, config: &SdkConfig) -> DynamoDbVault {
    let client = clients::dynamodb(config, settings.dynamodb_url.as_ref());
    DynamoDbVault::new(client, settings.table.clone())
}

/// Prepares a function of the search API.
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
    let documents = OpenSearchDocuments::new(&connections, documents)?;
    let authenticator = authenticator(settings.tokens)?;
    ready_in_time(async { tokio::join!(authenticator.warm_up(), connected) }).await;
    Ok(SearchDeps { authenticator, documents, rules: settings.rules, add_type: settings.add_type })
}

/// Authorization of a function's requests to OpenSearch.
async fn opensearch_auth(auth: SearchAuth) -> Result<OpenSearchAuth, StartError> {
    match auth {
        SearchAuth::SigV4 => {
            let (region, credentials) = clients::lambda_identity().await.ok_or(NO_REGION)?;
            Ok(OpenSearchAuth::SigV4 { region, credentials })
        }
        SearchAuth::Basic { user, password } => Ok(OpenSearchAuth::Basic { user, password }),
        SearchAuth::None => Ok(OpenSearchAuth::None),
    }
}

/// Signs requests to OpenSearch with these credentials.
pub fn signing(config: &SdkConfig) -> Result<OpenSearchAuth, StartError> {
    let region = config.region().cloned().ok_or(NO_REGION)?;
    let credentials = config.credentials_provider().ok_or("no source of AWS credentials")?;
    Ok(OpenSearchAuth::SigV4 { region, credentials })
}

/// Prepares a function that writes documents.
pub async fn writer() -> Result<OpenSearchWriter, StartError> {
    let WriteSettings { url, auth, alias_prefix, timeout } = WriteSettings::read(&from_env)?;
    let connections = clients::opensearch_connections(&url, matches!(auth, SearchAuth::SigV4))?;
    let connected = preconnect(&connections, ready(Some(url.clone()))).await;
    let cluster = Cluster::new(&connections, url, opensearch_auth(auth).await?)?;
    ready_in_time(connected).await;
    Ok(OpenSearchWriter::new(cluster, alias_prefix, timeout))
}
