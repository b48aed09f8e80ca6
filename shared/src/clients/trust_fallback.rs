//! One HTTP client over two pools of connections: what the first can't verify, the second sends.

use std::error::Error;
use std::io;
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

use super::connections::State;

/// The client.
#[derive(Debug)]
pub(super) struct TrustFallback {
    first: Client,
    second: Client,
    state: Arc<State>,
}

impl TrustFallback {
    /// A client over these pools, with what is known of their connections.
    pub(super) fn new(first: Client, second: Client, state: Arc<State>) -> Self {
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

    /// Makes the first pool's TLS configuration; the second's waits for who needs it.
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
    state: Arc<State>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // A connector may be older than what is known now.
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

/// Whether a connection failed because the server's certificate couldn't be verified. Any reason counts: beside an issuer
/// that isn't known it may be one that has the name of one that is.
pub(super) fn unverified(error: &dyn Error) -> bool {
    let mut cause = error.source();
    while let Some(this) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = this.downcast_ref() {
            return true;
        }
        // An I/O error's source is that of the error which it stands for, not that error.
        let stands_for = this.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = stands_for.map(|inner| inner as &(dyn Error + 'static)).or_else(|| this.source());
    }
    false
}
