//! get-secret without some of its tunings: the cost of their absence is their worth. `COFFER_WITHOUT` names those that
//! are taken away, separated by commas; without it this is the function as it is.
//!
//! Tunings of the build are taken away by building this in another way.

use std::future::ready;
use std::process::ExitCode;
use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use get_secret::GetSecret;
use shared::clients::{self, Connections, Issuer};
use shared::deps::VaultDeps;
use shared::sealing::{Sealer, SecretsManagerKeyring};
use shared::settings::{VaultSettings, from_env};
use shared::start::{self, StartError};
use shared::vault::VaultService;
use shared::vault::dynamodb::DynamoDbVault;
use tokio::runtime::Builder;
use url::Url;

/// The tunings that are taken away.
#[derive(Debug, Clone, Copy, Default)]
struct Without {
    /// Connections, keyring and keys while the function starts: the first request pays for them.
    early_connections: bool,
    /// The keyring read beside the first request: the start waits for it.
    keyring_beside: bool,
    /// The servers' names looked up before the root certificates are read: when the connections are opened.
    early_names: bool,
    /// Credentials and region from the environment alone: the SDK looks wherever it looks by default.
    known_credentials: bool,
    /// Amazon's root certificates read before the others: all are read.
    likely_roots: bool,
    /// One thread: the runtime has one for each core.
    one_thread: bool,
}

impl Without {
    fn read() -> Result<Self, String> {
        let mut without = Self::default();
        let names = std::env::var("COFFER_WITHOUT").unwrap_or_default();
        for name in names.split(',').filter(|name| !name.is_empty()) {
            match name {
                "early-connections" => without.early_connections = true,
                "early-names" => without.early_names = true,
                "keyring-beside" => without.keyring_beside = true,
                "known-credentials" => without.known_credentials = true,
                "likely-roots" => without.likely_roots = true,
                "one-thread" => without.one_thread = true,
                other => return Err(format!("COFFER_WITHOUT: no tuning is called {other}")),
            }
        }
        Ok(without)
    }
}

fn main() -> Result<ExitCode, StartError> {
    let without = Without::read()?;
    let mut runtime = if without.one_thread { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let function = start::run(move || async move { Ok(GetSecret::new(prepare(without).await?)) });
    Ok(runtime.enable_all().build()?.block_on(function))
}

/// As [`start::vault`], without the named tuning; the addresses are always given.
async fn prepare(without: Without) -> Result<VaultDeps<DynamoDbVault>, StartError> {
    let settings = VaultSettings::read(&from_env)?;
    let early = |url: &Option<Url>| url.clone().filter(|_| !without.early_connections);
    let (keyring_url, table_url) = (early(&settings.secrets_manager_url), early(&settings.table.dynamodb_url));
    let names = keyring_url.iter().chain(&table_url).filter(|_| !without.early_names);
    let issuer = if without.likely_roots { Issuer::Any } else { Issuer::Amazon };
    let connections = Connections::new(issuer, names)?;
    let to_keyring = start::preconnect(&connections, ready(keyring_url)).await;
    let to_table = start::preconnect(&connections, ready(table_url)).await;
    let config = config(without, &connections).await;
    let secrets_manager = clients::secrets_manager(&config, settings.secrets_manager_url.as_ref());
    let keyring = SecretsManagerKeyring::new(secrets_manager, settings.keyring_secret);
    let sealer = Arc::new(Sealer::new(Box::new(keyring), settings.keyring_max_age));
    let dynamodb = clients::dynamodb(&config, settings.table.dynamodb_url.as_ref());
    let store = DynamoDbVault::new(dynamodb, settings.table.table);
    let authenticator = start::authenticator(settings.table.tokens)?;
    if !without.early_connections {
        let mut reading = None;
        let keyring = async {
            let _ = to_keyring.await;
            reading = Some(tokio::spawn(read_keyring(Arc::clone(&sealer))));
        };
        let _ = tokio::join!(keyring, authenticator.warm_up(), to_table);
        if let Some(reading) = reading.filter(|_| without.keyring_beside) {
            let _ = reading.await;
        }
    }
    Ok(VaultDeps { authenticator, vault: VaultService::new(store, sealer), limits: settings.limits })
}

async fn read_keyring(sealer: Arc<Sealer>) {
    if let Err(error) = sealer.keyring().await {
        tracing::warn!(error = error.to_string(), "the keyring is not there yet");
    }
}

async fn config(without: Without, connections: &Connections) -> SdkConfig {
    if !without.known_credentials {
        return clients::lambda_config(connections).await;
    }
    let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(clients::timeouts());
    config.http_client(connections.client()).load().await
}
