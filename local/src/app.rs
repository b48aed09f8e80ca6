//! Both APIs in one process: from an HTTP request to an HTTP answer, by way of the gateway.

use std::net::IpAddr;

use bytes::Bytes;
use create_secret::CreateSecret;
use delete_secret::DeleteSecret;
use get_document::GetDocument;
use get_secret::GetSecret;
use http::request::Parts;
use http::{Request, Response};
use lambda_http::Body;
use list_secrets::ListSecrets;
use shared::auth::Authenticator;
use shared::http::search::{Search, SearchError};
use shared::http::vault::{Problem, ProblemCode, Vault as VaultApi, VaultError};
use shared::http::{refuse, serve};
use shared::parts::{SearchParts, TableParts, VaultParts};
use shared::sealing::{KeyringSource, Sealer};
use shared::search::ReadDocument;
use shared::settings::RequestSettings;
use shared::vault::Vault;
use shared::vault::dynamodb::DynamoDbVault;
use update_secret::UpdateSecret;

use crate::gateway::routes::{self, Api, Operation, Route};
use crate::gateway::{GatewayError, to_event, to_http};

/// What the endpoints of a process are made of.
#[derive(Debug)]
pub struct Ingredients<D, K> {
    /// Who is calling.
    pub authenticator: Authenticator,
    /// The vault's table.
    pub table: DynamoDbVault,
    /// Makes a source of the keyring. Each function has its own sealer, as it has on Lambda.
    pub keyring: K,
    /// Where documents are.
    pub documents: D,
    /// What requests may be and do.
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
    pub fn new<S, K>(from: Ingredients<D, K>) -> Self
    where
        S: KeyringSource + 'static,
        K: Fn() -> S,
    {
        let parts = || VaultParts {
            authenticator: from.authenticator.clone(),
            vault: Vault::new(from.table.clone(), Sealer::new(Box::new((from.keyring)()))),
            limits: from.requests.limits,
        };
        Self {
            list: ListSecrets::new(parts()),
            create: CreateSecret::new(parts()),
            get: GetSecret::new(parts()),
            update: UpdateSecret::new(parts()),
            delete: DeleteSecret::new(TableParts {
                authenticator: from.authenticator.clone(),
                store: from.table.clone(),
            }),
            document: GetDocument::new(SearchParts {
                authenticator: from.authenticator.clone(),
                documents: from.documents,
                rules: from.requests.rules,
                add_type: from.requests.add_type,
            }),
        }
    }

    /// Answers a request.
    pub async fn respond(&self, head: &Parts, body: &Bytes, source: IpAddr) -> Response<Bytes> {
        let (api, answer) = match routes::find(&head.method, head.uri.path()) {
            Route::To(resource, operation) => {
                let answer = match to_event(head, body, resource.template, source) {
                    Ok(request) => self.call(operation, request).await,
                    Err(error) => gateway_answer(resource.api, head, error),
                };
                (resource.api, answer)
            }
            Route::NoPath(api) => (api, gateway_answer(api, head, GatewayError::NoPath)),
            Route::NoMethod(api, allow) => (api, gateway_answer(api, head, GatewayError::NoMethod { allow })),
        };
        to_http(answer).unwrap_or_else(|size| {
            // An error's body is small.
            to_http(gateway_answer(api, head, GatewayError::Unanswerable { size })).unwrap_or_default()
        })
    }

    /// A request whose body was not kept: it is larger than the gateway takes, or broke off.
    pub fn refuse(&self, head: &Parts, error: GatewayError) -> Response<Bytes> {
        let api = match routes::find(&head.method, head.uri.path()) {
            Route::To(resource, _) => resource.api,
            Route::NoMethod(api, _) | Route::NoPath(api) => api,
        };
        to_http(gateway_answer(api, head, error)).unwrap_or_default()
    }

    async fn call(&self, operation: Operation, request: lambda_http::Request) -> Response<Body> {
        match operation {
            Operation::ListSecrets => serve(&self.list, request).await,
            Operation::CreateSecret => serve(&self.create, request).await,
            Operation::GetSecret => serve(&self.get, request).await,
            Operation::UpdateSecret => serve(&self.update, request).await,
            Operation::DeleteSecret => serve(&self.delete, request).await,
            Operation::GetDocument => serve(&self.document, request).await,
        }
    }
}

/// What the gateway says by itself, in the API's own shape.
fn gateway_answer(api: Api, head: &Parts, error: GatewayError) -> Response<Body> {
    const OPERATION: &str = "gateway";
    match api {
        Api::Vault => {
            let error = match error {
                GatewayError::NoPath => VaultError::NoRoute,
                GatewayError::NoMethod { allow } => VaultError::MethodNotAllowed { allow },
                GatewayError::TooLarge { limit } => VaultError::TooLarge { limit },
                GatewayError::Bad(what) => Problem::new(ProblemCode::InvalidRequestData, "request", what).into(),
                GatewayError::Unanswerable { .. } => VaultError::Internal(error.to_string()),
            };
            refuse::<VaultApi>(OPERATION, bare(head), error)
        }
        Api::Search => {
            let error = match error {
                GatewayError::NoPath => SearchError::NoRoute,
                GatewayError::NoMethod { allow } => SearchError::MethodNotAllowed { allow },
                GatewayError::TooLarge { .. } => SearchError::TooLarge,
                GatewayError::Bad(what) => SearchError::BadRequest(what),
                GatewayError::Unanswerable { .. } => SearchError::Internal(error.to_string()),
            };
            refuse::<Search>(OPERATION, bare(head), error)
        }
    }
}

/// The request without its body, which no function gets to see.
fn bare(head: &Parts) -> lambda_http::Request {
    let mut request = Request::new(Body::Empty);
    *request.headers_mut() = head.headers.clone();
    request
}
