//! A connection to one of AWS's services.

use std::error::Error;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::environment::variable;
use crate::http::Exchange;
use crate::signature::Signer;

/// TLS with the machine's root certificates, as the settings of Coffer's function say.
pub(crate) fn tls() -> Result<Arc<ClientConfig>, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    let bundle = CertificateDer::pem_file_iter(variable("SSL_CERT_FILE")?)?;
    roots.add_parsable_certificates(bundle.flatten());
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// A connection, and the signer of its requests.
pub(crate) struct Service {
    exchange: Exchange<StreamOwned<ClientConnection, TcpStream>>,
    host: String,
    signer: Signer,
    json: &'static str,
}

impl Service {
    /// Connects to the address that a variable holds. Requests are signed for the service of this name, and their JSON
    /// has this version.
    pub(crate) fn connect(
        config: Arc<ClientConfig>,
        address: &str,
        service: &'static str,
        json: &'static str,
    ) -> Result<Self, Box<dyn Error>> {
        let url = variable(address)?;
        let host = url.strip_prefix("https://").ok_or_else(|| format!("{address} is not https"))?;
        let host = host.trim_end_matches('/');
        let name = host.split(':').next().unwrap_or(host).to_owned();
        let mut socket = TcpStream::connect(host)?;
        socket.set_nodelay(true)?;
        let mut connection = ClientConnection::new(config, ServerName::try_from(name)?)?;
        // The handshake is done in init.
        connection.complete_io(&mut socket)?;
        Ok(Self {
            exchange: Exchange::new(StreamOwned::new(connection, socket)),
            host: host.to_owned(),
            signer: Signer {
                key_id: variable("AWS_ACCESS_KEY_ID")?,
                secret: variable("AWS_SECRET_ACCESS_KEY")?,
                token: variable("AWS_SESSION_TOKEN")?,
                region: variable("AWS_REGION")?,
                service,
            },
            json,
        })
    }

    /// Answer of the service to an action.
    pub(crate) fn ask(&mut self, target: &str, body: &str) -> Result<String, Box<dyn Error>> {
        let (host, json) = (&self.host, self.json);
        let signed = self.signer.headers(host, target, body);
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-{json}\r\ncontent-length: {}\r\n\
             {signed}\r\n",
            body.len()
        );
        let answer = self.exchange.ask(&head, body)?;
        if answer.succeeded() { Ok(answer.body) } else { Err(answer.body.into()) }
    }
}
