//! A function's connections, which can be opened before the first request needs them: with the pool of the SDK's HTTP
//! client, which keeps a connection whose request was given up while it was being established.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use aws_smithy_http_client::pool::{
    BuildError, Client, ClientBuildError, ConnectionEvent, ConnectionPool, OriginKey, PartitionId,
};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::identity::no_auth::NoAuthIdentityResolver;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::retries::strategy::NeverRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::shared::IntoShared;
use tokio::sync::Notify;

/// Connections to other services: one pool for all of a function's, so that the root certificates are read once.
#[derive(Clone)]
pub struct Connections {
    pool: ConnectionPool,
    // Told whenever a connection was established, or couldn't be.
    settled: Arc<Notify>,
}

/// The address of a request that is under way, once it is known.
pub type Address = Arc<OnceLock<String>>;

impl Connections {
    /// A pool without connections.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub fn new() -> Result<Self, BuildError> {
        let settled = Arc::new(Notify::new());
        let notify = Arc::clone(&settled);
        let pool = ConnectionPool::builder()
            .event_listener(move |_: &ConnectionEvent<'_>| notify.notify_waiters())
            .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
            .build_https()?;
        Ok(Self { pool, settled })
    }

    /// The SDK's HTTP client over these connections.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub fn client(&self) -> Result<SharedHttpClient, ClientBuildError> {
        Ok(Client::new(&self.pool)?.into_shared())
    }

    /// What sends requests over these connections without the SDK: it retries nothing and signs nothing.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub fn connector(&self, settings: &HttpConnectorSettings) -> Result<SharedHttpConnector, BoxError> {
        // A connector is made for an operation of the SDK, of whose components it takes the clock alone. The others
        // have to be there, and do nothing.
        let components = RuntimeComponentsBuilder::new("coffer")
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(Vec::new())))
            .with_auth_scheme(NoAuthScheme::new())
            .with_identity_resolver(NO_AUTH_SCHEME_ID, NoAuthIdentityResolver::new())
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri("")))
            .with_identity_cache(Some(IdentityCache::no_cache()))
            .with_retry_strategy(Some(NeverRetryStrategy::new()))
            .build()?;
        Ok(self.client()?.http_connector(settings, &components))
    }

    /// Opens the connection that a request needs, and doesn't send the request: it is given up as soon as it waits for
    /// its connection, which the pool keeps for the next one. Whoever makes the request notes its address as soon as
    /// that is known. Returns when the connection is there or failed.
    pub async fn open(&self, request: impl Future, address: &OnceLock<String>) {
        {
            let mut request = pin!(request);
            let waits = std::future::poll_fn(|context| {
                if request.as_mut().poll(context).is_ready() || self.establishing(address) {
                    return Poll::Ready(());
                }
                // The pool establishes connections in tasks of their own, which have to run first.
                if address.get().is_some() {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            });
            waits.await;
        }
        loop {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            if !self.establishing(address) {
                return;
            }
            settled.await;
        }
    }

    /// Whether a connection to this address is on its way.
    fn establishing(&self, address: &OnceLock<String>) -> bool {
        let origin = address.get().and_then(|address| OriginKey::from_uri(&address.parse().ok()?).ok());
        let stats = origin.and_then(|origin| self.pool.partition_stats(PartitionId::ANONYMOUS, &origin));
        stats.is_some_and(|stats| stats.establishing_connections() > 0)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    use aws_smithy_runtime_api::client::http::HttpConnector;
    use aws_smithy_runtime_api::http::Request;

    use super::*;

    /// A server that answers every request with nothing, and tells of each connection and of each piece of a request.
    fn server() -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                sender.send("connection".to_owned()).unwrap();
                let mut piece = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut piece) {
                    sender.send(String::from_utf8_lossy(&piece[..read]).into_owned()).unwrap();
                    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
                }
            }
        });
        (address, receiver)
    }

    #[tokio::test]
    async fn an_opened_connection_carries_the_first_request_and_nothing_before_it() {
        let (url, told) = server();
        let connections = Connections::new().unwrap();
        let connector = connections.connector(&HttpConnectorSettings::default()).unwrap();
        let address = Address::default();
        address.set(url.clone()).unwrap();
        connections.open(connector.call(Request::get(format!("{url}given-up")).unwrap()), &address).await;
        connections.open(connector.call(Request::get(format!("{url}none")).unwrap()), &Address::default()).await;
        assert_eq!(told.recv().unwrap(), "connection");
        let sent = told.recv().unwrap();
        assert!(sent.starts_with("GET /none "), "{sent}");
        assert!(told.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_connection_that_is_refused_is_not_waited_for() {
        let url = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let connections = Connections::new().unwrap();
        let connector = connections.connector(&HttpConnectorSettings::default()).unwrap();
        let address = Address::default();
        address.set(url.clone()).unwrap();
        connections.open(connector.call(Request::get(&url).unwrap()), &address).await;
        assert!(connector.call(Request::get(&url).unwrap()).await.is_err());
    }
}
