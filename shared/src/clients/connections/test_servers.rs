//! Servers that connections are tested with.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::Connections;

/// A server that answers every request with nothing, and tells of each connection and of each piece of a request.
pub(super) fn server() -> (String, mpsc::Receiver<String>) {
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

/// An authority, and a TLS server on a free port with a certificate of it. The server answers each request with
/// nothing, keeps the requests, and counts connections, those that failed too.
pub(super) struct Server {
    pub(super) authority: String,
    pub(super) url: Url,
    connections: Arc<AtomicUsize>,
    pub(super) asked: Arc<Mutex<String>>,
}

impl Server {
    pub(super) async fn start(authority: &str) -> Self {
        Self::speaking(authority, &[]).await
    }

    /// The same, with these protocols to choose from. It speaks HTTP/1.1 with every choice.
    pub(super) async fn speaking(authority: &str, alpn: &[&str]) -> Self {
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

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) async fn ask(&self, connections: &Connections) -> Result<u16, String> {
        let request = Request::get(self.url.as_str()).unwrap();
        let answer = connections.connector().unwrap().call(request).await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| crate::error_chain::error_chain(&error))
    }
}
