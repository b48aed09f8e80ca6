//! Connections, which can be opened before the first request needs them. The pool of the SDK's HTTP client keeps a
//! connection with HTTP/1.1 if its request is dropped during the handshake.
//!
//! Where a function expects certificates that Amazon issued, there are two pools. The first knows Amazon's roots alone,
//! the second all of the machine's, which take long to read. The trusted issuers are the same: as soon as a server
//! shows a certificate that the first can't verify, all connections are the second pool's.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use aws_smithy_http_client::pool::{
    Client, ConnectionEvent, ConnectionEventListener, ConnectionPool, OriginKey, PartitionConnectionStats, PartitionId,
};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::identity::no_auth::NoAuthIdentityResolver;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::retries::strategy::NeverRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_runtime_api::shared::IntoShared;
use url::Url;

use super::connection_settings::connector_settings;
use super::connection_state::ConnectionState;
use super::dns_prefetch::DnsPrefetch;
use super::roots;
use super::trust_fallback::TrustFallback;

/// Expected issuer of the certificates of the servers that a function speaks to. Any that the machine trusts is
/// accepted; one that wasn't expected takes longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// Amazon, which issues those of AWS's own endpoints.
    Amazon,
    /// Anyone.
    Any,
    /// Nobody: the servers are asked without TLS, and with it none is trusted.
    Nobody,
}

impl Issuer {
    /// Expected issuer of the certificate of the server at this address.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        if url.scheme() == "http" { Self::Nobody } else { Self::Any }
    }
}

/// Connections to other services. Users that share them read the root certificates once.
#[derive(Clone)]
pub struct Connections {
    amazons: Option<Pool>,
    all: Pool,
    state: Arc<ConnectionState>,
}

/// A pool, and the SDK's HTTP client over it.
#[derive(Clone)]
struct Pool {
    pool: ConnectionPool,
    client: Client,
}

impl Connections {
    /// No connections yet, to servers with certificates that this issuer is expected to have issued. The names of
    /// servers that will be asked first can be given: they are looked up from here on, where a tokio runtime runs.
    pub fn new<'a>(expected: Issuer, first_asked: impl IntoIterator<Item = &'a Url>) -> Result<Self, BoxError> {
        let dns = DnsPrefetch::of(first_asked);
        // The machine's roots, unless others are named.
        let machines = TlsContext::default();
        match expected {
            Issuer::Amazon => Self::with(roots::amazons(), machines, &dns),
            Issuer::Any => Self::with(None, machines, &dns),
            Issuer::Nobody => {
                let none = TlsContext::builder().with_trust_store(TrustStore::empty()).build()?;
                Self::with(None, none, &dns)
            }
        }
    }

    /// With these roots, in PEM, as the first pool's, and the second's configuration.
    fn with(first: Option<Vec<u8>>, second: TlsContext, dns: &DnsPrefetch) -> Result<Self, BoxError> {
        let state = Arc::<ConnectionState>::default();
        let amazons = first.and_then(|pem| {
            let store = TrustStore::empty().with_pem_certificate(pem);
            TlsContext::builder().with_trust_store(store).build().ok()
        });
        let (of_first, of_second) = (Arc::clone(&state), Arc::clone(&state));
        Ok(Self {
            amazons: amazons
                .map(|context| pool(context, dns, move |event: &ConnectionEvent<'_>| of_first.note_first(event)))
                .transpose()?,
            all: pool(second, dns, move |_: &ConnectionEvent<'_>| of_second.note())?,
            state,
        })
    }

    /// The SDK's HTTP client over these connections.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        let all = self.all.client.clone();
        match &self.amazons {
            Some(amazons) => TrustFallback::new(amazons.client.clone(), all, Arc::clone(&self.state)).into_shared(),
            None => all.into_shared(),
        }
    }

    /// Connector that sends requests over these connections without the SDK: it retries nothing and signs nothing,
    /// follows no redirection and knows no proxy. How long an answer may take is its user's affair.
    pub fn connector(&self) -> Result<SharedHttpConnector, BoxError> {
        connector_of(&self.client())
    }

    /// Opens a connection to a server, for the first request. Returns when it is there or failed, which is left to that
    /// request.
    pub async fn preconnect(&self, server: &Url) {
        let first = self.in_use();
        self.preconnect_pool(first, server).await;
        let second = self.in_use();
        if !std::ptr::eq(first, second) {
            self.preconnect_pool(second, server).await;
        }
    }

    /// The pool of the connections that are made now.
    fn in_use(&self) -> &Pool {
        self.amazons.as_ref().filter(|_| !self.state.all_roots()).unwrap_or(&self.all)
    }

    /// A request is made that needs the connection, and given up as soon as it waits for it: the pool keeps the
    /// connection for the next one.
    async fn preconnect_pool(&self, pool: &Pool, server: &Url) {
        let Ok(request) = request_of(&pool.client, server) else { return };
        let pool = &pool.pool;
        if there(pool, server) {
            // It would be sent.
            return;
        }
        {
            let mut request = pin!(request);
            let waits = std::future::poll_fn(|context| {
                if request.as_mut().poll(context).is_ready() || establishing(pool, server) {
                    return Poll::Ready(());
                }
                // The pool establishes connections in tasks of their own, which have to run first.
                context.waker().wake_by_ref();
                Poll::Pending
            });
            waits.await;
        }
        loop {
            let mut settled = pin!(self.state.settled());
            settled.as_mut().enable();
            if !establishing(pool, server) {
                return;
            }
            settled.await;
        }
    }
}

fn request_of(client: &Client, server: &Url) -> Result<HttpConnectorFuture, BoxError> {
    let mut request = Request::get(server.as_str())?;
    // This asks for HTTP/1.1: of a connection with HTTP/2 the pool lets go when nobody waits for it.
    request.headers_mut().insert("connection", "upgrade");
    Ok(connector_of(client)?.call(request))
}

/// A connector that belongs to no operation of the SDK.
fn connector_of(client: &impl HttpClient) -> Result<SharedHttpConnector, BoxError> {
    // Of an operation's components it takes the clock alone. The others have to be there, and do nothing.
    let components = RuntimeComponentsBuilder::new("coffer")
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(Vec::new())))
        .with_auth_scheme(NoAuthScheme::new())
        .with_identity_resolver(NO_AUTH_SCHEME_ID, NoAuthIdentityResolver::new())
        .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri("")))
        .with_identity_cache(Some(IdentityCache::no_cache()))
        .with_retry_strategy(Some(NeverRetryStrategy::new()))
        .build()?;
    Ok(client.http_connector(&connector_settings(), &components))
}

/// Tells whether a connection to this server is being established.
fn establishing(pool: &ConnectionPool, server: &Url) -> bool {
    stats(pool, server).is_some_and(|stats| stats.establishing_connections() > 0)
}

/// Tells whether there is a connection to this server that takes a request.
fn there(pool: &ConnectionPool, server: &Url) -> bool {
    stats(pool, server).is_some_and(|stats| stats.h1().idle() > 0 || stats.h2().accepting() > 0)
}

fn stats(pool: &ConnectionPool, server: &Url) -> Option<PartitionConnectionStats> {
    let origin = OriginKey::from_uri(&server.as_str().parse().ok()?).ok()?;
    pool.partition_stats(PartitionId::ANONYMOUS, &origin)
}

fn pool(context: TlsContext, dns: &DnsPrefetch, listener: impl ConnectionEventListener) -> Result<Pool, BoxError> {
    let pool = ConnectionPool::builder()
        .event_listener(listener)
        .dns_resolver(dns.clone())
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https()?;
    Ok(Pool { client: Client::new(&pool)?, pool })
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod test_servers;
#[cfg(test)]
mod tests;
