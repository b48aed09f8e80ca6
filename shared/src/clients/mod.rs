//! The clients that functions speak to other services with. This is the one place where they are made.

#![expect(clippy::disallowed_methods, reason = "this is the place")]

mod connection_settings;
mod connection_state;
mod connections;
mod dns_prefetch;
mod roots;
mod trust_fallback;

pub use connections::{Connections, Issuer};

use connection_settings::CONNECT;

use std::time::Duration;

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_types::region::Region;
use url::Url;

/// Time limit of one attempt of a call.
const ATTEMPT: Duration = Duration::from_secs(2);
/// Time limit of a call with its repetitions.
const OPERATION: Duration = Duration::from_secs(6);
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

/// Region and credentials of the environment, which sign requests on Lambda; `None` without a region.
pub async fn lambda_identity() -> Option<(Region, SharedCredentialsProvider)> {
    let region = EnvironmentVariableRegionProvider::new().region().await?;
    Some((region, SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())))
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

/// Connections to the OpenSearch at this address: a domain of AWS's, to which requests are signed, or somebody's own.
pub fn opensearch_connections(url: &Url, signed: bool) -> Result<Connections, BoxError> {
    Connections::new(if signed { Issuer::Amazon } else { Issuer::of(url) }, [url])
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
