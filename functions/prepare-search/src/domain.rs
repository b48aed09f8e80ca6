//! The address of a domain in Amazon OpenSearch Service.

#![expect(clippy::disallowed_methods, reason = "the one place where clients of the control plane are made")]

use std::future::Future;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_opensearch::types::DomainStatus;
use shared::clients;
use shared::error_chain::error_chain;
use shared::search::{Cluster, OpenSearchAuth};
use shared::settings::{ClusterPlace, SearchAuth};
use shared::start::signing;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::error::PrepareError;

/// First wait for a domain. Each further one is half as long again.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Client of a cluster. A domain is waited for, for `timeout` at most, until it has an address and no change of
/// it is under way. `config` gives the SDK's settings where they are needed: for a domain, and for signatures.
///
/// # Errors
/// [`PrepareError`] if there is no such domain, it isn't ready in time, or requests can't be signed.
pub async fn open<F>(
    place: ClusterPlace,
    auth: SearchAuth,
    config: impl FnOnce() -> F,
    timeout: Duration,
) -> Result<Cluster, PrepareError>
where
    F: Future<Output = SdkConfig>,
{
    let needs_config = matches!(place, ClusterPlace::Domain(_)) || matches!(auth, SearchAuth::SigV4);
    let config = if needs_config { Some(config().await) } else { None };
    let no_config = || PrepareError::failed("no settings of the SDK");
    let auth = match auth {
        SearchAuth::SigV4 => {
            signing(config.as_ref().ok_or_else(no_config)?).map_err(|error| PrepareError::failed(error.to_string()))?
        }
        SearchAuth::Basic { user, password } => OpenSearchAuth::Basic { user, password },
        SearchAuth::None => OpenSearchAuth::None,
    };
    let url = match place {
        ClusterPlace::Url(url) => url,
        ClusterPlace::Domain(name) => endpoint(config.as_ref().ok_or_else(no_config)?, &name, timeout).await?,
    };
    let signed = matches!(auth, OpenSearchAuth::SigV4 { .. });
    let connections = clients::opensearch_connections(&url, signed);
    let cluster = connections.and_then(|connections| Cluster::new(&connections, url, auth));
    cluster.map_err(|error| PrepareError::failed(error_chain(error.as_ref())))
}

/// The address of a domain that is ready.
///
/// # Errors
/// [`PrepareError`] if there is no such domain, it may not be looked at, or it isn't ready within `timeout`.
pub async fn endpoint(config: &SdkConfig, name: &str, timeout: Duration) -> Result<Url, PrepareError> {
    let client = client(config);
    let started = Instant::now();
    let mut wait = FIRST_WAIT;
    loop {
        let described = client.describe_domain().domain_name(name).send().await;
        let described =
            described.map_err(|error| PrepareError::failed(format!("the domain {name}: {}", error_chain(&error))))?;
        let status =
            described.domain_status().ok_or_else(|| PrepareError::failed(format!("the domain {name} is unknown")))?;
        let why_not = match address(name, status)? {
            Ok(url) => return Ok(url),
            Err(why_not) => why_not,
        };
        if started.elapsed() + wait > timeout {
            return Err(PrepareError::TimeIsUp(format!("after {timeout:?} the domain {name} {why_not}")));
        }
        tracing::info!(domain = name, state = why_not, "the domain is not ready yet");
        sleep(wait).await;
        wait = (wait + wait / 2).min(LONGEST_WAIT);
    }
}

/// The address of a domain, or why it has none yet.
fn address(name: &str, status: &DomainStatus) -> Result<Result<Url, &'static str>, PrepareError> {
    if status.deleted() == Some(true) {
        return Err(PrepareError::failed(format!("the domain {name} is being deleted")));
    }
    if status.processing() == Some(true) || status.upgrade_processing() == Some(true) {
        return Ok(Err("is still being made or changed"));
    }
    // A domain in a private network has its address in another member.
    let private = || status.endpoints()?.get("vpc").map(String::as_str);
    let Some(host) = status.endpoint().or_else(private).filter(|host| !host.is_empty()) else {
        return Ok(Err("has no address yet"));
    };
    let url = Url::parse(&format!("https://{host}"))
        .map_err(|_| PrepareError::failed(format!("the domain {name} has an address that is none: {host}")))?;
    Ok(Ok(url))
}

/// A client of the control plane, at another address where the SDK's own variable `AWS_ENDPOINT_URL_OPENSEARCH` names
/// one.
fn client(config: &SdkConfig) -> aws_sdk_opensearch::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build();
    let config = aws_sdk_opensearch::config::Builder::from(config).timeout_config(timeouts).build();
    aws_sdk_opensearch::Client::from_conf(config)
}
