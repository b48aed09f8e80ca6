//! One connection to DynamoDB, and one action.

use std::error::Error;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::Exchange;
use crate::signature::Signer;
use crate::variable;

/// The vault's table.
pub(crate) struct Table {
    exchange: Exchange<StreamOwned<ClientConnection, TcpStream>>,
    host: String,
    table: String,
    signer: Signer,
}

impl Table {
    /// Connects, with the machine's root certificates, as the settings of Coffer's function say.
    pub(crate) fn connect() -> Result<Self, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        let bundle = CertificateDer::pem_file_iter(variable("SSL_CERT_FILE")?)?;
        roots.add_parsable_certificates(bundle.flatten());
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

        let url = variable("COFFER_DYNAMODB_URL")?;
        let host = url.strip_prefix("https://").ok_or("COFFER_DYNAMODB_URL is not https")?.trim_end_matches('/');
        let name = host.split(':').next().unwrap_or(host).to_owned();
        let mut socket = TcpStream::connect(host)?;
        socket.set_nodelay(true)?;
        let mut connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name)?)?;
        // The handshake is done in init.
        connection.complete_io(&mut socket)?;

        Ok(Self {
            exchange: Exchange::new(StreamOwned::new(connection, socket)),
            host: host.to_owned(),
            table: variable("COFFER_TABLE")?,
            signer: Signer {
                key_id: variable("AWS_ACCESS_KEY_ID")?,
                secret: variable("AWS_SECRET_ACCESS_KEY")?,
                token: variable("AWS_SESSION_TOKEN")?,
                region: variable("AWS_REGION")?,
            },
        })
    }

    /// A secret's item, as DynamoDB answers it.
    pub(crate) fn get_item(&mut self, owner: &str, name: &str) -> Result<String, Box<dyn Error>> {
        let (host, table) = (&self.host, &self.table);
        let body = format!(
            "{{\"TableName\":\"{table}\",\"ConsistentRead\":true,\
             \"Key\":{{\"owner\":{{\"S\":\"{owner}\"}},\"name\":{{\"S\":\"{name}\"}}}}}}"
        );
        let signed = self.signer.headers(host, "DynamoDB_20120810.GetItem", &body);
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\
             {signed}\r\n",
            body.len()
        );
        let answer = self.exchange.ask(&head, &body)?;
        if answer.succeeded() { Ok(answer.body) } else { Err(answer.body.into()) }
    }
}
