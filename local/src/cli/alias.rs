//! Check that an alias exists in OpenSearch.

use std::time::Duration;

use http::Method;
use shared::names::IndexName;
use shared::search::{Cluster, Payload, alias};

use super::error::CommandError;

/// Refuses to begin where it is plain that nothing will come of it: an alias that is missing, and credentials that are
/// wrong. Other obstacles may pass, and show again with the work itself.
pub(super) async fn check(
    cluster: &Cluster,
    prefix: &str,
    index: IndexName,
    timeout: Duration,
) -> Result<(), CommandError> {
    let path = format!("/_alias/{}", alias(prefix, index));
    let asked = tokio::time::timeout(timeout, cluster.send(Method::GET, &path, Payload::None)).await;
    let Ok(Ok(answer)) = asked else { return Ok(()) };
    match answer.status() {
        404 => Err(missing(prefix, index).into()),
        401 => Err("OpenSearch answered 401: check COFFER_OPENSEARCH_AUTH and its credentials".into()),
        _ => Ok(()),
    }
}

/// Error text for a missing alias.
pub(super) fn missing(prefix: &str, index: IndexName) -> String {
    format!("OpenSearch has no alias {prefix}{index}; make the indices with: coffer prepare")
}
