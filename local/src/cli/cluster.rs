//! Connection of the program to a cluster of OpenSearch: by the settings of the environment.

use std::time::Duration;

use prepare_search::domain;
use shared::clients;
use shared::search::Cluster;
use shared::settings::{ClusterSettings, from_env};

use super::error::CommandError;

/// Time limit for a domain to become ready. A new one takes a quarter of an hour or more.
const DOMAIN_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// A cluster, and how it is used.
#[derive(Debug)]
pub(super) struct OpenCluster {
    /// Client of the cluster.
    pub(super) cluster: Cluster,
    /// Alias prefix.
    pub(super) alias_prefix: String,
    /// Time limit of a write.
    pub(super) timeout: Duration,
}

/// Opens the cluster that the environment names. Nothing is connected yet, but where it names a domain: its address is
/// looked up, once it is ready.
pub(super) async fn open() -> Result<OpenCluster, CommandError> {
    let ClusterSettings { place, auth, alias_prefix, timeout } = ClusterSettings::read(&from_env)?;
    let cluster = domain::open(place, auth, clients::program_config, DOMAIN_TIMEOUT).await?;
    Ok(OpenCluster { cluster, alias_prefix, timeout })
}
