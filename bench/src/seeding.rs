//! Fills a table with secrets, quickly: the items are made and sealed by the product's own code, caught on their way
//! out of the SDK, and written many at a time.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::{Response, StatusCode};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, ImportOptions, Item};
use local::data_dir::DataDir;
use local::embedded::{KeyringFile, TABLE, client};
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::names::{SecretName, UserId};
use shared::sealing::Sealer;
use shared::vault::dynamodb::DynamoDbVault;
use shared::vault::{Draft, RoleLists, SecretData, VaultService};

use crate::http1::Connection;

/// Most items that DynamoDB takes at once.
const BATCH: usize = 25;

/// A secret to be there.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Owner.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Arc<[u8]>,
}

/// Makes items of secrets.
#[derive(Debug)]
struct Items {
    vault: VaultService<DynamoDbVault>,
    caught: Caught,
}

impl Items {
    /// With the keyring of a folder.
    fn with_keyring_of(folder: &Path) -> Result<Self, String> {
        let data = DataDir::open(folder).map_err(|error| error.to_string())?;
        let caught = Caught::default();
        let store = DynamoDbVault::new(client(caught.clone()), TABLE.to_owned());
        Ok(Self {
            vault: VaultService::new(store, Sealer::new(Box::new(KeyringFile::new(data)), Duration::MAX)),
            caught,
        })
    }

    /// The items of these secrets, each as the JSON that DynamoDB speaks.
    async fn of(&self, planned: &[Planned]) -> Result<Vec<String>, String> {
        for Planned { owner, name, data } in planned {
            let owner = UserId::parse(owner.as_str()).map_err(|error| error.to_string())?;
            let name = SecretName::parse(name.as_str()).map_err(|error| error.to_string())?;
            let draft = Draft { name, data: SecretData::new(data.to_vec()), roles: RoleLists::default() };
            self.vault.create(&owner, &owner, draft).await.map_err(|error| error.to_string())?;
        }
        Ok(std::mem::take(&mut *self.caught.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Captures the items that are put into the table.
#[derive(Debug, Clone, Default)]
struct Caught(Arc<Mutex<Vec<String>>>);

impl HttpClient for Caught {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Caught {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        #[derive(Deserialize)]
        struct Put<'a> {
            #[serde(rename = "Item", borrow)]
            item: &'a RawValue,
        }
        let put = request.body().bytes().and_then(|body| serde_json::from_slice::<Put<'_>>(body).ok());
        let item = put.map(|put| put.item.get().to_owned());
        let answer = item.zip(StatusCode::try_from(200).ok()).map(|(item, status)| {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
            Response::new(status, SdkBody::from("{}"))
        });
        HttpConnectorFuture::ready(answer.ok_or_else(|| ConnectorError::user("this is no put".into())))
    }
}

/// Where items are written to.
#[derive(Clone)]
pub enum Target {
    /// The embedded table of a database.
    Embedded(Database),
    /// A table of DynamoDB Local.
    Local {
        /// Where it listens.
        address: SocketAddr,
        /// Owner of the table.
        access_key: String,
    },
}

impl Target {
    /// The embedded table in a data folder, which is there already.
    pub fn embedded(folder: &Path) -> Result<Self, String> {
        let database = Database::new(&folder.join("table.db").to_string_lossy()).map_err(|error| error.to_string())?;
        database.enable_bulk_loading().map_err(|error| error.to_string())?;
        Ok(Self::Embedded(database))
    }

    /// The table of an access key of DynamoDB Local at this address.
    ///
    /// # Errors
    /// If it is no address.
    pub fn local(url: &str, access_key: &str) -> Result<Self, String> {
        let address = url.trim_start_matches("http://").parse().map_err(|error| format!("{url}: {error}"))?;
        Ok(Self::Local { address, access_key: access_key.to_owned() })
    }

    /// Seals these secrets with the keyring of a folder, and writes them.
    pub async fn write(self, folder: PathBuf, planned: Vec<Planned>) -> Result<(), String> {
        let items = Items::with_keyring_of(&folder)?.of(&planned).await?;
        match self {
            Self::Embedded(database) => {
                let items: Result<Vec<Item>, _> = items.iter().map(|item| serde_json::from_str(item)).collect();
                let items = items.map_err(|error| error.to_string())?;
                let written = database.import_items(TABLE, items, ImportOptions::default());
                written.map(drop).map_err(|error| error.to_string())
            }
            Self::Local { address, access_key } => {
                write_local(&mut Connection::open(address).await?, &access_key, &items).await
            }
        }
    }
}

/// Writes items into the table of an access key of DynamoDB Local.
async fn write_local(connection: &mut Connection, access_key: &str, items: &[String]) -> Result<(), String> {
    for batch in items.chunks(BATCH) {
        let puts: Vec<String> = batch.iter().map(|item| format!(r#"{{"PutRequest":{{"Item":{item}}}}}"#)).collect();
        let body = format!(r#"{{"RequestItems":{{"{TABLE}":[{}]}}}}"#, puts.join(","));
        // DynamoDB Local wants a signature, and checks none.
        let request = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDB_20120810.BatchWriteItem\r\nx-amz-date: 20260101T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={access_key}/20260101/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = connection.ask(request.as_bytes()).await?;
        let text = String::from_utf8_lossy(answer.body);
        if answer.status != 200 || !text.contains(r#""UnprocessedItems":{}"#) {
            return Err(format!("DynamoDB Local answered {}: {text}", answer.status));
        }
    }
    Ok(())
}
