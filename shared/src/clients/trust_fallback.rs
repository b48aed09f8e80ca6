//! One HTTP client over two pools of connections: the second sends requests to servers that the first can't verify.

use std::sync::Arc;

use aws_smithy_http_client::pool::Client;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use super::connection_state::{ConnectionState, unverified};

/// The client.
#[derive(Debug)]
pub(super) struct TrustFallback {
    first: Client,
    second: Client,
    state: Arc<ConnectionState>,
}

impl TrustFallback {
    /// A client over these pools, with the state of their connections.
    pub(super) fn new(first: Client, second: Client, state: Arc<ConnectionState>) -> Self {
        Self { first, second, state }
    }
}

impl HttpClient for TrustFallback {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let second = self.second.http_connector(settings, components);
        if self.state.all_roots() {
            return second;
        }
        let first = self.first.http_connector(settings, components);
        SharedHttpConnector::new(Connector { first, second, state: Arc::clone(&self.state) })
    }

    /// Makes the first pool's TLS configuration; the second's is made at its first use.
    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.first.validate_base_client_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.first.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector {
    first: SharedHttpConnector,
    second: SharedHttpConnector,
    state: Arc<ConnectionState>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // A connector may be older than the present state.
        if self.state.all_roots() {
            return self.second.call(request);
        }
        // A body that can be read once is none of ours.
        let Some(again) = request.try_clone() else { return self.second.call(request) };
        let (first, second) = (self.first.call(request), self.second.clone());
        HttpConnectorFuture::new(async move {
            match first.await {
                // Nothing was sent yet.
                Err(error) if unverified(&error) => second.call(again).await,
                answered => answered,
            }
        })
    }
}
