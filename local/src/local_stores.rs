//! Embedded stores of a data folder, and the server's endpoints over them.

use std::path::Path;

use shared::search::ReadDocument;
use shared::settings::{LocalSettings, RequestSettings};
use shared::start::StartError;
use shared::vault::dynamodb::{DynamoDbVault, create_table};

use crate::app::{App, AppDeps, Authenticators};
use crate::data_dir::DataDir;
use crate::embedded::{EmbeddedDocuments, EmbeddedTable, KeyringFile, TABLE};
use crate::tokens::{ISSUER, SigningKey};

/// The embedded stores of a data folder, opened.
#[derive(Debug)]
pub struct LocalStores {
    data: DataDir,
    key: SigningKey,
    table: EmbeddedTable,
    documents: EmbeddedDocuments,
}

/// The files of the stores.
const TABLE_FILE: &str = "table.db";
const DOCUMENTS_FILE: &str = "documents.db";

impl LocalStores {
    /// Opens the folder and its stores, made if they aren't there.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let data = DataDir::open(path)?;
        let key = SigningKey::open(&data)?;
        let table = EmbeddedTable::open(&data.store_file(TABLE_FILE)?)?;
        let documents = Self::open_documents(&data)?;
        Ok(Self { data, key, table, documents })
    }

    /// Opens the documents alone.
    pub fn open_documents(data: &DataDir) -> Result<EmbeddedDocuments, StartError> {
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

    /// Settings of the environment. If it names no token keys, the folder's key verifies its own tokens alone: their
    /// issuer is checked, and no audience; prefix of scopes and names of claims are the defaults. Issuers and audiences
    /// are optional, unlike a function's.
    pub fn settings(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<LocalSettings, StartError> {
        let own_key = has_no_keys(lookup);
        let settings = LocalSettings::read(&|name| match name {
            "COFFER_JWT_KEYS" if own_key => Some(self.key.key_set()),
            "COFFER_VAULT_ISSUERS" | "COFFER_SEARCH_ISSUERS" if own_key => Some(ISSUER.to_owned()),
            "COFFER_VAULT_AUDIENCES" | "COFFER_SEARCH_AUDIENCES" if own_key => Some("any".to_owned()),
            "COFFER_JWT_SCOPE_PREFIX"
            | "COFFER_JWT_USER_CLAIMS"
            | "COFFER_JWT_SCOPE_CLAIMS"
            | "COFFER_JWT_ROLE_CLAIMS"
            | "COFFER_JWT_AUTHORITY_CLAIMS"
                if own_key =>
            {
                None
            }
            "COFFER_VAULT_ISSUERS" | "COFFER_SEARCH_ISSUERS" | "COFFER_VAULT_AUDIENCES" | "COFFER_SEARCH_AUDIENCES" => {
                lookup(name).filter(|value| !value.trim().is_empty()).or_else(|| Some("any".to_owned()))
            }
            _ => lookup(name),
        })?;
        Ok(settings)
    }

    /// The six endpoints with the folder's keyring, over these stores: those of the folder, or others in their place.
    pub async fn app<D: ReadDocument>(
        &self,
        table: aws_sdk_dynamodb::Client,
        documents: D,
        authenticators: Authenticators,
        requests: RequestSettings,
    ) -> Result<App<D>, StartError> {
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

/// Tells whether the environment names no token keys.
pub(crate) fn has_no_keys(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| lookup(name).is_some_and(|value| !value.trim().is_empty());
    !set("COFFER_JWT_KEYS") && !set("COFFER_JWT_JWKS_URL")
}
