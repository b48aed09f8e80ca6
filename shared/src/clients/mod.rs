//! The clients that functions speak to other services with. This is the one place where they are made.

#![expect(clippy::disallowed_methods, reason = "this is the place")]

mod connections;
mod dns_prefetch;
mod roots;
mod trust_fallback;

pub use connections::{Connections, Issuer};

use std::time::Duration;

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use url::{Position, Url};

use crate::auth::{JwksClient, KeySet};
use crate::error_chain::error_chain;
use crate::search::{Cluster, OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one attempt of a call may take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long a call may take with its repetitions.
const OPERATION: Duration = Duration::from_secs(6);
/// How long the fetch of a key set may take.
const KEY_SET: Duration = Duration::from_secs(2);
/// How long a PUT may take.
const PUT: Duration = Duration::from_secs(3);

/// The SDK's settings on Lambda: region and credentials from the environment, where Lambda puts them, and nowhere
/// else, so that a missing one is an error at once instead of a search through providers that aren't there.
pub async fn lambda_config(connections: &Connections) -> SdkConfig {
    // One client for all services: the root certificates are read once.
    environment().http_client(connections.client()).load().await
}

fn environment() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
}

/// What signs requests to OpenSearch on Lambda, with region and credentials of the environment; `None` without a region.
pub async fn lambda_signing() -> Option<OpenSearchAuth> {
    let region = EnvironmentVariableRegionProvider::new().region().await?;
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    Some(OpenSearchAuth::SigV4 { region, credentials })
}

/// The SDK's settings for a program that somebody started: region and credentials from wherever the SDK looks for
/// them, the environment, a profile, the machine.
pub async fn program_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}

/// The limits of every call to AWS.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

/// DynamoDB, at another address where one is given.
#[must_use]
pub fn dynamodb(config: &SdkConfig, url: Option<&Url>) -> aws_sdk_dynamodb::Client {
    let mut builder = aws_sdk_dynamodb::config::Builder::from(config);
    builder.set_endpoint_url(url.map(ToString::to_string));
    aws_sdk_dynamodb::Client::from_conf(builder.build())
}

/// The address that an SDK knows for the region: the crates of two services have the same names for it, and types of
/// their own.
macro_rules! address {
    ($sdk:ident, $config:expr) => {{
        use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
        let params = Params::builder()
            .set_region($config.region().map(ToString::to_string))
            .set_use_fips($config.use_fips())
            .set_use_dual_stack($config.use_dual_stack())
            .build()
            .ok()?;
        DefaultResolver::new().resolve_endpoint(&params).await.ok()?.url().parse().ok()
    }};
}

/// Where DynamoDB is: at the address that is given, or else where the SDK knows it for the region. To ask the SDK takes as
/// long as to make a client, settings and all. `None` if nobody knows, which the first call says with its reason.
pub async fn dynamodb_url(given: Option<Url>) -> Option<Url> {
    given_or(given, dynamodb_url_of).await
}

async fn dynamodb_url_of(config: &SdkConfig) -> Option<Url> {
    address!(aws_sdk_dynamodb, config)
}

async fn given_or(given: Option<Url>, known: impl AsyncFnOnce(&SdkConfig) -> Option<Url>) -> Option<Url> {
    match given {
        Some(given) => Some(given),
        None => known(&environment().load().await).await,
    }
}

/// Secrets Manager, at another address where one is given.
#[must_use]
pub fn secrets_manager(config: &SdkConfig, url: Option<&Url>) -> aws_sdk_secretsmanager::Client {
    let mut builder = aws_sdk_secretsmanager::config::Builder::from(config);
    builder.set_endpoint_url(url.map(ToString::to_string));
    aws_sdk_secretsmanager::Client::from_conf(builder.build())
}

/// Where Secrets Manager is, likewise.
pub async fn secrets_manager_url(given: Option<Url>) -> Option<Url> {
    given_or(given, secrets_manager_url_of).await
}

async fn secrets_manager_url_of(config: &SdkConfig) -> Option<Url> {
    address!(aws_sdk_secretsmanager, config)
}

/// The keys of a key server, fetched with the HTTP client that the SDK uses as well.
///
/// # Errors
/// What keeps the client from being made.
pub fn jwks_client(url: &Url) -> Result<JwksClient, BoxError> {
    // Connections of its own: what certificate it shows says nothing of the services'.
    let connector = Connections::new(Issuer::of(url), [url])?.connector()?;
    // A query may hold a key to the server: it is sent, but not logged.
    let shown = url.origin().ascii_serialization() + url.path();
    let url = url.to_string();
    Ok(JwksClient::new(Box::new(move || {
        let (connector, url, shown) = (connector.clone(), url.clone(), shown.clone());
        Box::pin(async move {
            let fetched = tokio::time::timeout(KEY_SET, fetch(&connector, &url)).await;
            let fetched = fetched.unwrap_or_else(|_| Err(format!("no answer within {KEY_SET:?}")));
            fetched.map_err(|error| format!("{shown}: {error}"))
        })
    })))
}

/// Connections to the OpenSearch at this address: a domain of AWS's, to which requests are signed, or somebody's own.
///
/// # Errors
/// What keeps them from being made.
pub fn opensearch_connections(url: &Url, signed: bool) -> Result<Connections, BoxError> {
    Connections::new(if signed { Issuer::Amazon } else { Issuer::of(url) }, [url])
}

/// A cluster of OpenSearch, over these connections.
///
/// # Errors
/// What keeps the client from being made.
pub fn cluster(connections: &Connections, url: Url, auth: OpenSearchAuth) -> Result<Cluster, BoxError> {
    Ok(Cluster::new(connections.connector()?, url, auth))
}

/// Documents in OpenSearch, over these connections.
///
/// # Errors
/// What keeps the client from being made.
pub fn opensearch(connections: &Connections, settings: OpenSearchSettings) -> Result<OpenSearchDocuments, BoxError> {
    Ok(OpenSearchDocuments::new(connections.connector()?, settings))
}

fn connector_settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(CONNECT).build()
}

/// Sends a text with PUT, without saying of what type it is, to an address whose query holds a signature, and which is
/// therefore sent as it is; the answer's status. `Err` says why there is none.
///
/// # Errors
/// What keeps an answer from coming.
pub async fn put(address: &str, text: &str) -> Result<u16, String> {
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let request = http::Request::builder()
        .method(http::Method::PUT)
        .uri(address)
        .header(http::header::HOST, &url[Position::BeforeHost..Position::BeforePath])
        .body(SdkBody::from(text))
        .map_err(|error| error.to_string())?;
    let request = Request::try_from(request).map_err(|error| error_chain(&error))?;
    // It is S3 that CloudFormation gives an address of.
    let connector = Connections::new(Issuer::Amazon, [&url]).and_then(|connections| connections.connector());
    let connector = connector.map_err(|error| error_chain(error.as_ref()))?;
    let sent = tokio::time::timeout(PUT, connector.call(request)).await;
    let answer = sent.map_err(|_| format!("no answer within {PUT:?}"))?.map_err(|error| error_chain(&error))?;
    Ok(answer.status().as_u16())
}

async fn fetch(connector: &SharedHttpConnector, url: &str) -> Result<String, String> {
    let request = Request::get(url).map_err(|error| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| error_chain(&error))?;
    if answer.status().as_u16() != 200 {
        return Err(format!("answered {}", answer.status().as_u16()));
    }
    let body: SdkBody = answer.into_body();
    let body = Limited::new(body, KeySet::MAX_BYTES).collect().await.map_err(|error| error.to_string())?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| "answered what is no UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    #[tokio::test]
    async fn without_an_address_the_regions_own_is_known() {
        let region = |name| SdkConfig::builder().region(Region::from_static(name)).build();
        let found = [
            dynamodb_url_of(&region("eu-central-1")).await,
            secrets_manager_url_of(&region("eu-central-1")).await,
            dynamodb_url_of(&region("cn-north-1")).await,
        ];
        let expected = [
            "https://dynamodb.eu-central-1.amazonaws.com/",
            "https://secretsmanager.eu-central-1.amazonaws.com/",
            "https://dynamodb.cn-north-1.amazonaws.com.cn/",
        ];
        assert_eq!(found.map(|url| url.unwrap().to_string()), expected);
        assert_eq!(secrets_manager_url_of(&SdkConfig::builder().build()).await, None);
    }

    #[tokio::test]
    async fn an_address_that_is_given_is_the_one() {
        let given: Url = "https://localhost:8000/".parse().unwrap();
        assert_eq!(dynamodb_url(Some(given.clone())).await, Some(given.clone()));
        assert_eq!(secrets_manager_url(Some(given.clone())).await, Some(given));
    }
}
