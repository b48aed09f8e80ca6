//! The custom resource of a deployment.
//!
//! CloudFormation waits an hour for an answer, even if the function fails. So nothing that goes wrong, a missing
//! setting or a panic, is left to the runtime: it is an answer.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::backoff::Backoff;
use shared::clients::{self, Connections, Issuer};
use shared::error_chain::error_chain;
use shared::settings::{ClusterPlace, ClusterSettings, from_env};
use shared::start::{StartError, Task};
use tokio::time::{sleep, timeout};
use url::{Host, Url};

use crate::cluster_requests::Deadline;
use crate::domain;
use crate::error::PrepareError;
use crate::reindex::ROLLBACK_TIME;
use crate::response_upload;
use crate::run::Preparer;

/// Time reserved for the answer to CloudFormation.
const ANSWER: Duration = Duration::from_secs(20);
/// Time limit for the answer of a cluster at a known address.
const CLUSTER: Duration = Duration::from_secs(20);
/// Time limit for the cluster of a domain: its name may be new to the world.
const CLUSTER_OF_DOMAIN: Duration = Duration::from_secs(5 * 60);
/// Attempts to send an answer.
const ATTEMPTS: u32 = 5;
/// The longest text of a error in an answer, in characters. An answer may have 4,096 bytes.
const MAX_REASON: usize = 500;

/// The function `prepare-search`.
#[derive(Debug, Default, Clone, Copy)]
pub struct PrepareSearch;

/// Request of CloudFormation. Read as far as it can be: an event that is refused is one that nobody answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceEvent {
    #[serde(default)]
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    #[serde(default)]
    stack_id: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    logical_resource_id: String,
    physical_resource_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceResponse<'a> {
    status: &'static str,
    reason: String,
    physical_resource_id: String,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

impl Task for PrepareSearch {
    const OPERATION: &'static str = "prepare-search";
    type Event = Value;
    type Response = ();

    async fn run(&self, event: Value, time_left: Duration) -> Result<(), StartError> {
        // The library's message quotes the value that it stands at, and the address of the answer is a credential.
        let request: ResourceEvent =
            serde_json::from_value(event).map_err(|_| "no event of a custom resource, so no response can be sent")?;
        let url = answer_url(&request.response_url)?;
        let time = time_left.saturating_sub(ANSWER);
        let work = AssertUnwindSafe(work(&request.request_type, time)).catch_unwind();
        let outcome = match timeout(time, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(PrepareError::failed("a defect of the function")),
            Err(_) => Err(PrepareError::TimeIsUp("the work did not stop".to_owned())),
        };
        let body = serde_json::to_string(&answer(&request, &outcome))?;
        if let Err(error) = &outcome {
            tracing::error!(operation = Self::OPERATION, error = error.to_string(), "the indices are not prepared");
        }
        send(&url, &body).await
    }
}

/// Does the requested work.
async fn work(request_type: &str, time: Duration) -> Result<(), PrepareError> {
    match request_type {
        "Create" | "Update" => prepare(time).await,
        // Documents outlive the deployment.
        "Delete" => Ok(()),
        other => Err(PrepareError::failed(format!("a request of the unknown type {other:?}"))),
    }
}

async fn prepare(time: Duration) -> Result<(), PrepareError> {
    // The settings are read here, so that an error in them becomes an answer.
    let settings = ClusterSettings::read(&from_env).map_err(|errors| PrepareError::failed(errors.to_string()))?;
    let deadline = Deadline::within(time.saturating_sub(ROLLBACK_TIME));
    let wait_limit = match settings.place {
        ClusterPlace::Url(_) => CLUSTER,
        ClusterPlace::Domain(_) => CLUSTER_OF_DOMAIN,
    };
    let time_for_domain = time.saturating_sub(ROLLBACK_TIME + wait_limit);
    let connections =
        Connections::new(Issuer::Amazon, []).map_err(|error| PrepareError::failed(error_chain(error.as_ref())))?;
    let config = || clients::lambda_config(&connections);
    let cluster = domain::open(settings.place, settings.auth, config, time_for_domain).await?;
    let preparation =
        Preparer { cluster: &cluster, alias_prefix: &settings.alias_prefix, deadline: &deadline, listener: &() };
    preparation.run(wait_limit).await.map(drop)
}

fn answer<'a>(request: &'a ResourceEvent, outcome: &Result<(), PrepareError>) -> ResourceResponse<'a> {
    let prefix = from_env("COFFER_OPENSEARCH_ALIAS_PREFIX").unwrap_or_default();
    let own = format!("coffer-indices-{prefix}");
    let known = request.physical_resource_id.clone();
    let (status, reason, physical_resource_id) = match outcome {
        // Another id would have CloudFormation delete the resource of the old one.
        Ok(()) if request.request_type == "Delete" => {
            ("SUCCESS", "Documents are kept".to_owned(), known.unwrap_or(own))
        }
        Ok(()) => ("SUCCESS", "The indices are prepared".to_owned(), own),
        Err(error) => ("FAILED", reason(error), known.unwrap_or(own)),
    };
    ResourceResponse {
        status,
        reason,
        physical_resource_id,
        stack_id: &request.stack_id,
        request_id: &request.request_id,
        logical_resource_id: &request.logical_resource_id,
    }
}

/// Reason of a failure, the remedy, and the place of further details.
fn reason(error: &PrepareError) -> String {
    let shown: String = error.to_string().replace('\n', "; ").chars().take(MAX_REASON).collect();
    let advice = if error.is_of_time() {
        ". Run `coffer prepare`, which may take as long as it needs, then deploy again"
    } else {
        ""
    };
    let place = |name| from_env(name).unwrap_or_default();
    let (group, stream) = (place("AWS_LAMBDA_LOG_GROUP_NAME"), place("AWS_LAMBDA_LOG_STREAM_NAME"));
    format!("{shown}{advice}. The log has more: {group} {stream}").trim_end().to_owned()
}

/// Where the answer goes: by https, or to this machine.
fn answer_url(text: &str) -> Result<String, StartError> {
    let url = Url::parse(text).map_err(|_| "the ResponseURL is no address, so no response can be sent")?;
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        // As it came: its signature is over these bytes.
        return Ok(text.to_owned());
    }
    Err("the ResponseURL is no https address: nothing is sent there".into())
}

/// Sends the answer until it arrives.
async fn send(url: &str, body: &str) -> Result<(), StartError> {
    let mut backoff = Backoff::new(Duration::from_millis(300), ANSWER);
    let mut attempt = 1;
    loop {
        let why = match response_upload::put(url, body).await {
            Ok(200..=299) => return Ok(()),
            Ok(status) => format!("{status} was answered"),
            Err(why) => why,
        };
        if attempt == ATTEMPTS {
            return Err(format!("CloudFormation could not be answered: {why}").into());
        }
        tracing::warn!(error = why, attempt, "the answer to CloudFormation is repeated");
        sleep(backoff.wait()).await;
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use shared::names::IndexName;

    use super::*;

    #[test]
    fn an_answer_goes_by_https_or_stays_on_this_machine() {
        for good in ["https://s3.example/a?X=%2F+", "http://127.0.0.1:1/", "http://[::1]:1/"] {
            assert_eq!(answer_url(good).unwrap(), good);
        }
        for bad in ["", "x", "http://s3.example/", "ftp://127.0.0.1/", "http://127.0.0.1.example/"] {
            assert!(answer_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_short_and_says_what_to_do_when_time_was_missing() {
        let long = reason(&PrepareError::failed("x".repeat(100_000)));
        assert!(long.len() < 1_000, "{long}");
        let late =
            PrepareError::Index { index: IndexName::Roles, error: Box::new(PrepareError::TimeIsUp("y".to_owned())) };
        assert!(reason(&late).contains("roles") && reason(&late).contains("`coffer prepare`"), "{}", reason(&late));
        assert!(!long.contains("coffer prepare"));
    }
}
