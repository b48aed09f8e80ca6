//! `coffer serve`: both APIs on one port.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use shared::search::ReadDocument;
use shared::settings::{LocalSettings, RequestSettings, from_env, log_level};
use shared::telemetry;
use shared::vault::dynamodb::{DynamoDbVault, create_table};
use tokio::net::TcpListener;

use crate::app::{App, AppDeps, Authenticators};
use crate::data_dir::DataDir;
use crate::embedded::{EmbeddedDocuments, EmbeddedTable, KeyringFile, TABLE, client};
use crate::server;
use crate::tokens::{Grant, ISSUER, SigningKey};

use super::shutdown::shutdown_signal;
use super::{CommandError, say};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The port on 127.0.0.1; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
}

/// The embedded stores of a data folder, opened.
#[derive(Debug)]
pub struct Local {
    data: DataDir,
    key: SigningKey,
    table: EmbeddedTable,
    documents: EmbeddedDocuments,
}

/// The files of the stores.
const TABLE_FILE: &str = "table.db";
const DOCUMENTS_FILE: &str = "documents.db";

impl Local {
    /// Opens the folder and its stores, made if they aren't there.
    ///
    /// # Errors
    /// What keeps them from being opened.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let data = DataDir::open(path)?;
        let key = SigningKey::open(&data)?;
        let table = EmbeddedTable::open(&data.store_file(TABLE_FILE)?)?;
        let documents = Self::open_documents(&data)?;
        Ok(Self { data, key, table, documents })
    }

    /// Opens the documents alone.
    ///
    /// # Errors
    /// What keeps them from being opened.
    pub fn open_documents(data: &DataDir) -> Result<EmbeddedDocuments, CommandError> {
        Ok(EmbeddedDocuments::open(&data.store_file(DOCUMENTS_FILE)?)?)
    }

    /// The key that the folder's tokens are signed with.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// The embedded DynamoDB.
    #[must_use]
    pub fn table(&self) -> &EmbeddedTable {
        &self.table
    }

    /// The embedded documents.
    #[must_use]
    pub fn documents(&self) -> &EmbeddedDocuments {
        &self.documents
    }

    /// The settings of the environment; where it names no token keys, the folder's key and issuer. Issuers and
    /// audiences are not required as they are of a function: any, where the environment names none.
    ///
    /// # Errors
    /// The settings' faults.
    pub fn settings(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<LocalSettings, CommandError> {
        let own_key = has_no_keys(lookup);
        let settings = LocalSettings::read(&|name| match name {
            "COFFER_JWT_KEYS" if own_key => Some(self.key.key_set()),
            "COFFER_VAULT_ISSUERS" | "COFFER_SEARCH_ISSUERS" if own_key => Some(ISSUER.to_owned()),
            "COFFER_VAULT_ISSUERS" | "COFFER_SEARCH_ISSUERS" | "COFFER_VAULT_AUDIENCES" | "COFFER_SEARCH_AUDIENCES" => {
                lookup(name).filter(|value| !value.trim().is_empty()).or_else(|| Some("any".to_owned()))
            }
            _ => lookup(name),
        })?;
        Ok(settings)
    }

    /// The six endpoints with the folder's keyring, over these stores: those of the folder, or others in their place.
    ///
    /// # Errors
    /// What keeps the table from being made.
    pub async fn app<D: ReadDocument>(
        &self,
        table: aws_sdk_dynamodb::Client,
        documents: D,
        authenticators: Authenticators,
        requests: RequestSettings,
    ) -> Result<App<D>, CommandError> {
        create_table(&table, TABLE).await?;
        Ok(App::new(AppDeps {
            authenticators,
            table: DynamoDbVault::new(table, TABLE.to_owned()),
            keyring: || KeyringFile::new(self.data.clone()),
            documents,
            requests,
        }))
    }
}

pub(super) fn run(args: &ServeArgs, data: &Path) -> Result<ExitCode, CommandError> {
    let level = log_level(&from_env)?;
    telemetry::start(level, tracing_subscriber::fmt::writer::BoxMakeWriter::new(std::io::stderr));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, data))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &ServeArgs, data: &Path) -> Result<(), CommandError> {
    let stop = shutdown_signal()?;
    let local = Local::open(data)?;
    let LocalSettings { requests, tokens } = local.settings(&from_env)?;
    let documents = local.documents().clone();
    let app = local.app(client(local.table().clone()), documents, Authenticators::new(tokens)?, requests).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|error| {
        format!("port {} of 127.0.0.1: {error}; choose another with --port N, or --port 0 for any free one", args.port)
    })?;
    let address = format!("http://{}", listener.local_addr()?);
    welcome(&address, has_no_keys(&from_env).then_some(local.signing_key()))?;
    server::run(listener, app, stop).await?;
    // All that was answered is stored, whether or not somebody still reads this.
    let _ = say("Stopped.");
    Ok(())
}

/// Whether the environment names no token keys.
fn has_no_keys(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| lookup(name).is_some_and(|value| !value.trim().is_empty());
    !set("COFFER_JWT_KEYS") && !set("COFFER_JWT_JWKS_URL")
}

/// Prints the address, a token and lines to paste, in one write: a reader that goes after the first line has it all.
fn welcome(address: &str, key: Option<&SigningKey>) -> Result<(), CommandError> {
    let mut lines = vec![format!("Coffer listens on {address}"), format!("API reference: {address}/docs/")];
    let Some(key) = key else {
        lines.push("Tokens are those of the configured issuer.".to_owned());
        return say(&lines.join("\n"));
    };
    let token = key.sign(&Grant {
        user: "alice".to_owned(),
        scopes: vec!["user".to_owned(), "sp:search:read".to_owned()],
        roles: Vec::new(),
        authorities: vec!["ORG_ADMIN".to_owned()],
        lifetime: Duration::from_secs(60 * 60),
    })?;
    lines.extend([
        String::new(),
        "In another terminal, as the user alice for an hour:".to_owned(),
        String::new(),
        format!("  URL={address}"),
        format!("  TOKEN={}", *token),
        String::new(),
    ]);
    for (method, body) in [("POST", " -d '{\"name\":\"db\",\"data\":{\"password\":\"correct horse\"}}'"), ("GET", "")] {
        let path = if method == "POST" { "secrets" } else { "secrets/db" };
        lines.push(format!(
            "  curl -X {method} -H \"Authorization: Bearer $TOKEN\" $URL/vault/api/v1/user/alice/{path}{body}"
        ));
    }
    lines.extend([String::new(), "Stop with Ctrl-C.".to_owned()]);
    say(&lines.join("\n"))
}
