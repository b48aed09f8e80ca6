//! TLS ends before the services: on AWS, Coffer and the others speak TLS, and the stand-ins here don't.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::latency_proxy;

/// Where Linux distributions keep their root certificates.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The certificates of a run: a root, one below it, and a server's, all with RSA keys of 2048 bits, as AWS's endpoints
/// have them.
#[derive(Debug)]
pub struct Certificates {
    /// The machine's root certificates and the run's root: as many as a function on Lambda is given.
    pub bundle: PathBuf,
    /// The run's root alone, for contenders with their own list of others.
    pub root: PathBuf,
    config: Arc<ServerConfig>,
}

impl Certificates {
    /// Makes them, and writes the files into a folder.
    pub fn make(folder: &Path) -> Result<Self, String> {
        let machines = BUNDLES.iter().find_map(|file| fs::read_to_string(file).ok());
        let machines = machines.ok_or_else(|| {
            format!("no root certificates in {} (Debian: apt-get install ca-certificates)", BUNDLES.join(", "))
        })?;
        let (root, config) = chain().map_err(|error| format!("certificates can't be made: {error}"))?;
        let certificates =
            Self { bundle: folder.join("bundle.pem"), root: folder.join("root.pem"), config: Arc::new(config) };
        let text = root.pem();
        fs::write(&certificates.bundle, format!("{machines}\n{text}"))
            .and_then(|()| fs::write(&certificates.root, text))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(certificates)
    }

    /// Puts a TLS end before a service, `http://127.0.0.1:PORT`, and gives the address of the delayed way to it.
    pub fn before(&self, service: &str, runtime: &Runtime) -> Result<String, String> {
        let address = service.trim_start_matches("http://").trim_end_matches('/');
        let address: SocketAddr = address
            .replace("localhost", "127.0.0.1")
            .parse()
            .map_err(|_| format!("{service} is not of the form http://127.0.0.1:PORT"))?;
        let acceptor = TlsAcceptor::from(self.config.clone());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(|error| error.to_string())?;
        let end = listener.local_addr().map_err(|error| error.to_string())?;
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pipe(client, acceptor.clone(), address));
            }
        });
        Ok(format!("https://localhost:{}", latency_proxy::listen(end)?))
    }
}

/// Ends TLS of one connection and passes bytes on, both ways, for as long as it is kept.
async fn pipe(client: TcpStream, acceptor: TlsAcceptor, service: SocketAddr) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut service = TcpStream::connect(service).await?;
    service.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await?;
    copy_bidirectional(&mut client, &mut service).await?;
    Ok(())
}

fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
}

fn authority(name: &str, below: u8) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    // As AWS's are: Coffer reads the roots of this organization before the others.
    params.distinguished_name.push(DnType::OrganizationName, "Amazon");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

/// The root's certificate, and a server with one for `localhost` below it.
fn chain() -> Result<(Certificate, ServerConfig), Box<dyn std::error::Error>> {
    let root = CertifiedIssuer::self_signed(authority("Benchmark root", 1)?, key()?)?;
    let middle = CertifiedIssuer::signed_by(authority("Benchmark issuer", 0)?, key()?, &root)?;
    let server_key = key()?;
    let server = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&server_key, &middle)?;

    let mut provider = default_provider();
    // The hybrid first, for clients that offer it: so do AWS's endpoints that know it.
    provider.kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1];
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![server.der().clone(), middle.as_ref().der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
        )?;
    Ok((root.as_ref().clone(), config))
}
