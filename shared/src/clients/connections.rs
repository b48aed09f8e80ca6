//! Connections, which can be opened before the first request needs them: with the pool of the SDK's HTTP
//! client, which keeps a connection with HTTP/1.1 whose request was given up while it was being established.
//!
//! Where a function expects certificates that Amazon issued, there are two pools. The first knows Amazon's roots alone, the
//! second all of the machine's, which take long to read. Who is trusted is the same: as soon as a server shows a
//! certificate that the first can't verify, all connections are the second pool's.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use tokio::sync::Notify;
use url::Url;

use super::lookups::Lookups;
use super::two_pools::{TwoPools, unverified};
use super::{connector_settings, roots};

/// Who is expected to have issued the certificates of the servers that a function speaks to. Any that the machine trusts
/// is accepted; one that wasn't expected takes longer.
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
    /// Who may have issued the certificate of the server at this address.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        if url.scheme() == "http" { Self::Nobody } else { Self::Any }
    }
}

/// Connections to other services. Who shares them reads the root certificates once.
#[derive(Clone)]
pub struct Connections {
    amazons: Option<Pool>,
    all: Pool,
    state: Arc<State>,
}

/// A pool, and the SDK's HTTP client over it.
#[derive(Clone)]
struct Pool {
    pool: ConnectionPool,
    client: Client,
}

/// What is known of connections.
#[derive(Debug, Default)]
pub(super) struct State {
    // Told whenever a connection was established, or couldn't be.
    settled: Notify,
    all_roots: AtomicBool,
}

impl State {
    /// Whether a server has shown a certificate that the first pool couldn't verify.
    pub(super) fn all_roots(&self) -> bool {
        self.all_roots.load(Ordering::Relaxed)
    }

    /// Notes what became of a connection of the first pool.
    fn note_first(&self, event: &ConnectionEvent<'_>) {
        if let ConnectionEvent::EstablishmentFailed(failed) = event
            && unverified(failed.error())
            && !self.all_roots.swap(true, Ordering::Relaxed)
        {
            let server = failed.establishment().origin().host();
            tracing::info!(server, "not a certificate of Amazon's: all root certificates are read");
        }
        self.note();
    }

    fn note(&self) {
        self.settled.notify_waiters();
    }
}

impl Connections {
    /// No connections yet, to servers whose certificates this issuer is expected to have issued. The names of servers
    /// that will be asked first can be given: they are looked up from here on, where a tokio runtime runs.
    ///
    /// # Errors
    /// What keeps the pool from being made.
    pub fn new<'a>(expected: Issuer, first_asked: impl IntoIterator<Item = &'a Url>) -> Result<Self, BoxError> {
        let lookups = Lookups::of(first_asked);
        // The machine's roots, unless others are named.
        let machines = TlsContext::default();
        match expected {
            Issuer::Amazon => Self::with(roots::amazons(), machines, &lookups),
            Issuer::Any => Self::with(None, machines, &lookups),
            Issuer::Nobody => {
                let none = TlsContext::builder().with_trust_store(TrustStore::empty()).build()?;
                Self::with(None, none, &lookups)
            }
        }
    }

    /// With these roots, in PEM, as the first pool's, and the second's configuration.
    fn with(first: Option<Vec<u8>>, second: TlsContext, lookups: &Lookups) -> Result<Self, BoxError> {
        let state = Arc::<State>::default();
        let amazons = first.and_then(|pem| {
            let store = TrustStore::empty().with_pem_certificate(pem);
            TlsContext::builder().with_trust_store(store).build().ok()
        });
        let (of_first, of_second) = (Arc::clone(&state), Arc::clone(&state));
        Ok(Self {
            amazons: amazons
                .map(|context| pool(context, lookups, move |event: &ConnectionEvent<'_>| of_first.note_first(event)))
                .transpose()?,
            all: pool(second, lookups, move |_: &ConnectionEvent<'_>| of_second.note())?,
            state,
        })
    }

    /// The SDK's HTTP client over these connections.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        let all = self.all.client.clone();
        match &self.amazons {
            Some(amazons) => TwoPools::new(amazons.client.clone(), all, Arc::clone(&self.state)).into_shared(),
            None => all.into_shared(),
        }
    }

    /// What sends requests over these connections without the SDK: it retries nothing and signs nothing, follows no
    /// redirection and knows no proxy. How long an answer may take is its user's affair.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub fn connector(&self) -> Result<SharedHttpConnector, BoxError> {
        connector_of(&self.client())
    }

    /// Opens a connection to a server, for the first request. Returns when it is there or failed, which is left to that
    /// request.
    pub async fn open(&self, server: &Url) {
        let first = self.in_use();
        self.open_one(first, server).await;
        let second = self.in_use();
        if !std::ptr::eq(first, second) {
            self.open_one(second, server).await;
        }
    }

    /// The pool of the connections that are made now.
    fn in_use(&self) -> &Pool {
        self.amazons.as_ref().filter(|_| !self.state.all_roots()).unwrap_or(&self.all)
    }

    /// A request is made that needs the connection, and given up as soon as it waits for it: the pool keeps the
    /// connection for the next one.
    async fn open_one(&self, pool: &Pool, server: &Url) {
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
            let mut settled = pin!(self.state.settled.notified());
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

/// Whether a connection to this server is on its way.
fn establishing(pool: &ConnectionPool, server: &Url) -> bool {
    stats(pool, server).is_some_and(|stats| stats.establishing_connections() > 0)
}

/// Whether there is a connection to this server that takes a request.
fn there(pool: &ConnectionPool, server: &Url) -> bool {
    stats(pool, server).is_some_and(|stats| stats.h1().idle() > 0 || stats.h2().accepting() > 0)
}

fn stats(pool: &ConnectionPool, server: &Url) -> Option<PartitionConnectionStats> {
    let origin = OriginKey::from_uri(&server.as_str().parse().ok()?).ok()?;
    pool.partition_stats(PartitionId::ANONYMOUS, &origin)
}

fn pool(context: TlsContext, lookups: &Lookups, listener: impl ConnectionEventListener) -> Result<Pool, BoxError> {
    let pool = ConnectionPool::builder()
        .event_listener(listener)
        .dns_resolver(lookups.clone())
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
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Mutex, mpsc};
    use std::thread;
    use std::time::Duration;

    use aws_smithy_types::body::SdkBody;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;

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
        let connections = Connections::new(Issuer::Any, []).unwrap();
        connections.open(&url.parse().unwrap()).await;
        assert_eq!(told.recv().unwrap(), "connection");
        let connector = connections.connector().unwrap();
        connector.call(Request::get(format!("{url}first")).unwrap()).await.unwrap();
        let sent = told.recv().unwrap();
        assert!(sent.starts_with("GET /first "), "{sent}");
        assert!(told.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_connection_goes_where_the_lookup_that_was_begun_has_found_the_server() {
        let (url, told) = server();
        let url = url.replace("127.0.0.1", "nobody.invalid");
        let lookups = Lookups::with("nobody.invalid", [127, 0, 0, 1].into());
        let connections = Connections::with(None, trusting(&[]), &lookups).unwrap();
        connections.open(&url.parse().unwrap()).await;
        assert_eq!(told.recv().unwrap(), "connection");
    }

    #[tokio::test]
    async fn a_connection_that_is_refused_is_not_waited_for() {
        let url = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let connections = Connections::new(Issuer::Any, []).unwrap();
        connections.open(&url.parse().unwrap()).await;
        assert!(connections.connector().unwrap().call(Request::get(&url).unwrap()).await.is_err());
    }

    /// An authority, and a TLS server on a free port with a certificate of it, that answers each request with nothing,
    /// keeps what it was asked, and counts connections, those that failed too.
    struct Server {
        authority: String,
        url: Url,
        connections: Arc<AtomicUsize>,
        asked: Arc<Mutex<String>>,
    }

    impl Server {
        async fn start(authority: &str) -> Self {
            Self::speaking(authority, &[]).await
        }

        /// The same, with these protocols to choose from. It speaks HTTP/1.1 whatever was chosen.
        async fn speaking(authority: &str, alpn: &[&str]) -> Self {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, authority);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.into()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
                .unwrap();
            config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
            let connections = Arc::<AtomicUsize>::default();
            let asked = Arc::<Mutex<String>>::default();
            let (counted, heard) = (Arc::clone(&connections), Arc::clone(&asked));
            tokio::spawn(async move {
                let acceptor = TlsAcceptor::from(Arc::new(config));
                while let Ok((stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                    let heard = Arc::clone(&heard);
                    tokio::spawn(async move {
                        let mut piece = [0; 4096];
                        while let Ok(read @ 1..) = stream.read(&mut piece).await {
                            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..read]));
                            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                        }
                    });
                }
            });
            Self { authority: authority.as_ref().pem(), url, connections, asked }
        }

        fn connections(&self) -> usize {
            self.connections.load(Ordering::SeqCst)
        }

        async fn ask(&self, connections: &Connections) -> Result<u16, String> {
            let request = Request::get(self.url.as_str()).unwrap();
            let answer = connections.connector().unwrap().call(request).await;
            answer.map(|answer| answer.status().as_u16()).map_err(|error| crate::causes::chain(&error))
        }
    }

    /// Connections that know these roots first, and then the others.
    fn knowing(first: &Server, second: TlsContext) -> Connections {
        Connections::with(Some(first.authority.clone().into()), second, &Lookups::default()).unwrap()
    }

    fn trusting(authorities: &[&Server]) -> TlsContext {
        let all = authorities.iter().fold(TrustStore::empty(), |store, server| {
            store.with_pem_certificate(server.authority.as_bytes().to_vec())
        });
        TlsContext::builder().with_trust_store(all).build().unwrap()
    }

    #[tokio::test]
    async fn what_was_issued_by_the_expected_issuer_needs_no_other_roots() {
        let server = Server::start("one").await;
        let none = trusting(&[]);
        let connections = knowing(&server, none);
        connections.open(&server.url).await;
        assert_eq!(server.ask(&connections).await, Ok(204));
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn a_certificate_unverified_is_accepted_if_the_machine_knows_it() {
        let (expected, other) = (Server::start("one").await, Server::start("two").await);
        let all = trusting(&[&expected, &other]);
        let connections = knowing(&expected, all);
        assert_eq!(expected.ask(&connections).await, Ok(204));
        assert_eq!(other.ask(&connections).await, Ok(204));
        assert_eq!(other.connections(), 2);
        // From here on all roots are known.
        assert_eq!(other.ask(&connections).await, Ok(204));
        assert_eq!(expected.ask(&connections).await, Ok(204));
        assert_eq!((expected.connections(), other.connections()), (2, 2));
    }

    #[tokio::test]
    async fn a_request_that_is_sent_over_the_second_pool_is_the_one_that_was_asked_for() {
        let (expected, other) = (Server::start("one").await, Server::start("two").await);
        let all = trusting(&[&expected, &other]);
        let connections = knowing(&expected, all);
        let request = http::Request::post(format!("{}a%2Fb?c=%20", other.url)).header("x-one", "1");
        let request = request.body(SdkBody::from("{\"d\":1}")).unwrap().try_into().unwrap();
        let answer = connections.connector().unwrap().call(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), 204);
        let asked = other.asked.lock().unwrap().clone();
        assert!(asked.starts_with("POST /a%2Fb?c=%20 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("\r\nx-one: 1\r\n") && asked.ends_with("\r\n\r\n{\"d\":1}"), "{asked}");
    }

    #[tokio::test]
    async fn where_nobody_is_expected_to_have_a_certificate_none_is_accepted_and_none_is_needed() {
        let connections = Connections::new(Issuer::Nobody, []).unwrap();
        let refused = Server::start("one").await.ask(&connections).await.unwrap_err();
        assert!(refused.contains("UnknownIssuer"), "{refused}");
        let (url, _told) = server();
        let answer = connections.connector().unwrap().call(Request::get(url).unwrap()).await.unwrap();
        assert_eq!(answer.status().as_u16(), 204);
    }

    #[tokio::test]
    async fn a_connection_that_was_opened_early_is_used_whoever_issued_the_certificate() {
        let (expected, other) = (Server::start("one").await, Server::start("two").await);
        let all = trusting(&[&expected, &other]);
        let connections = knowing(&expected, all);
        connections.open(&other.url).await;
        assert_eq!(other.connections(), 2);
        assert_eq!(other.ask(&connections).await, Ok(204));
        assert_eq!(other.connections(), 2);
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_known_issued_is_refused() {
        let (expected, other) = (Server::start("one").await, Server::start("two").await);
        let all = trusting(&[&expected]);
        let connections = knowing(&expected, all);
        connections.open(&other.url).await;
        let refused = other.ask(&connections).await.unwrap_err();
        assert!(refused.contains("UnknownIssuer"), "{refused}");
        assert_eq!(expected.ask(&connections).await, Ok(204));
    }

    #[tokio::test]
    async fn an_issuer_that_has_the_expected_ones_name_is_accepted_if_the_machine_knows_it() {
        let (expected, other) = (Server::start("one").await, Server::start("one").await);
        let all = trusting(&[&expected, &other]);
        let connections = knowing(&expected, all);
        assert_eq!(other.ask(&connections).await, Ok(204));
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_refused() {
        let server = Server::start("one").await;
        let connections = knowing(&server, trusting(&[&server]));
        let url = server.url.as_str().replace("localhost", "127.0.0.1");
        let request = Request::get(url).unwrap();
        let refused = connections.connector().unwrap().call(request).await.map(|_| ()).unwrap_err();
        let refused = crate::causes::chain(&refused);
        assert!(refused.contains("not valid for name"), "{refused}");
    }

    #[tokio::test]
    async fn a_connection_is_opened_to_a_server_that_prefers_http_2() {
        let server = Server::speaking("one", &["h2", "http/1.1"]).await;
        let connections = knowing(&server, trusting(&[]));
        let opened = tokio::time::timeout(Duration::from_secs(20), connections.open(&server.url)).await;
        assert!(opened.is_ok(), "it waits for nothing");
        assert_eq!(server.ask(&connections).await, Ok(204));
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_is_there_is_not_opened_again() {
        let (url, told) = server();
        let connections = Connections::new(Issuer::Any, []).unwrap();
        connections.open(&url.parse().unwrap()).await;
        connections.open(&url.parse().unwrap()).await;
        assert_eq!(told.recv().unwrap(), "connection");
        assert!(told.try_recv().is_err());
    }
}
