//! How the program reaches a cluster of OpenSearch: by the settings of the environment.

use std::time::Duration;

use shared::clients;
use shared::search::{Cluster, OpenSearchAuth};
use shared::settings::{ClusterPlace, ClusterSettings, SearchAuth, from_env};

use super::CommandError;

/// A cluster, and how it is used.
#[derive(Debug)]
pub(super) struct OpenCluster {
    /// The way to it.
    pub(super) cluster: Cluster,
    /// What stands before an index's name in its alias.
    pub(super) alias_prefix: String,
    /// How long a write may take.
    pub(super) timeout: Duration,
}

/// Opens the cluster that the environment names. Nothing is connected yet.
pub(super) async fn open() -> Result<OpenCluster, CommandError> {
    let ClusterSettings { place, auth, alias_prefix, timeout } = ClusterSettings::read(&from_env)?;
    let ClusterPlace::Url(url) = place else {
        return Err("COFFER_OPENSEARCH_URL is missing: OpenSearch's address".into());
    };
    let auth = match auth {
        SearchAuth::SigV4 => shared::start::signing(&clients::lambda_config().await)?,
        SearchAuth::Basic { user, password } => OpenSearchAuth::Basic { user, password },
        SearchAuth::None => OpenSearchAuth::None,
    };
    Ok(OpenCluster { cluster: clients::cluster(url, auth), alias_prefix, timeout })
}
