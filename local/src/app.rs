//! The six functions in one process, behind the gateway that stands before them on Lambda as well.

use create_secret::CreateSecret;
use delete_secret::DeleteSecret;
use get_document::GetDocument;
use get_secret::GetSecret;
use http::Response;
use lambda_http::Body;
use list_secrets::ListSecrets;
use shared::auth::Authenticator;
use shared::deps::{SearchDeps, TableDeps, VaultDeps};
use shared::http::{RequestEvent, serve_event};
use shared::sealing::{KeyringSource, Sealer};
use shared::search::ReadDocument;
use shared::settings::{LocalTokenSettings, RequestSettings, TokenSettings};
use shared::start::{self, StartError};
use shared::vault::VaultService;
use shared::vault::dynamodb::DynamoDbVault;
use update_secret::UpdateSecret;

use crate::gateway::routes::Operation;
use crate::gateway::{Functions, GatewayError, answer_json};

/// Authenticators of both APIs.
#[derive(Debug, Clone)]
pub struct Authenticators {
    /// Of the vault.
    pub vault: Authenticator,
    /// Of the search API.
    pub search: Authenticator,
}

impl Authenticators {
    /// Authenticators that share their keys, each with its API's own rules.
    pub fn new(LocalTokenSettings { keys, vault, search }: LocalTokenSettings) -> Result<Self, StartError> {
        let vault = start::authenticator(TokenSettings { keys, rules: vault })?;
        Ok(Self { search: vault.with_rules(search), vault })
    }
}

/// Dependencies of the endpoints of a process.
#[derive(Debug)]
pub struct AppDeps<D, K> {
    /// Verifiers of tokens.
    pub authenticators: Authenticators,
    /// The vault's table.
    pub table: DynamoDbVault,
    /// Makes a source of the keyring. Each function has its own sealer, as it has on Lambda.
    pub keyring: K,
    /// Where documents are.
    pub documents: D,
    /// Limits and rules of requests.
    pub requests: RequestSettings,
}

/// The six endpoints.
#[derive(Debug)]
pub struct App<D> {
    list: ListSecrets<DynamoDbVault>,
    create: CreateSecret<DynamoDbVault>,
    get: GetSecret<DynamoDbVault>,
    update: UpdateSecret<DynamoDbVault>,
    delete: DeleteSecret<DynamoDbVault>,
    document: GetDocument<D>,
}

impl<D: ReadDocument> App<D> {
    /// Puts the endpoints together.
    #[must_use]
    pub fn new<S, K>(from: AppDeps<D, K>) -> Self
    where
        S: KeyringSource + 'static,
        K: Fn() -> S,
    {
        let deps = || VaultDeps {
            authenticator: from.authenticators.vault.clone(),
            vault: VaultService::new(
                from.table.clone(),
                Sealer::new(Box::new((from.keyring)()), from.requests.keyring_max_age),
            ),
            limits: from.requests.limits,
        };
        Self {
            list: ListSecrets::new(deps()),
            create: CreateSecret::new(deps()),
            get: GetSecret::new(deps()),
            update: UpdateSecret::new(deps()),
            delete: DeleteSecret::new(TableDeps {
                authenticator: from.authenticators.vault.clone(),
                vault: VaultService::without_sealer(from.table.clone()),
            }),
            document: GetDocument::new(SearchDeps {
                authenticator: from.authenticators.search.clone(),
                documents: from.documents,
                rules: from.requests.rules,
                add_type: from.requests.add_type,
            }),
        }
    }

    async fn call(&self, operation: Operation, event: RequestEvent) -> Response<Body> {
        match operation {
            Operation::ListSecrets => serve_event(&self.list, event).await,
            Operation::CreateSecret => serve_event(&self.create, event).await,
            Operation::GetSecret => serve_event(&self.get, event).await,
            Operation::UpdateSecret => serve_event(&self.update, event).await,
            Operation::DeleteSecret => serve_event(&self.delete, event).await,
            Operation::GetDocument => serve_event(&self.document, event).await,
        }
    }
}

impl<D: ReadDocument> Functions for App<D> {
    async fn invoke(&self, operation: Operation, event: String) -> Result<Vec<u8>, GatewayError> {
        // The library's message may quote a header.
        let event = serde_json::from_str(&event)
            .map_err(|_| GatewayError::Bad("The request can't be turned into an event".to_owned()))?;
        answer_json(self.call(operation, event).await)
    }
}
