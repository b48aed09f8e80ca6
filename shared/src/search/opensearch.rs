//! Documents in OpenSearch, read by `GET /{alias}/_source/{id}`.

use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::region::Region;
use http::header::{ACCEPT_ENCODING, RETRY_AFTER};
use opensearch::auth::Credentials;
use opensearch::http::StatusCode;
use opensearch::http::headers::HeaderValue;
use opensearch::http::response::Response;
use opensearch::http::transport::{BuildError, SingleNodeConnectionPool, TransportBuilder};
use opensearch::{GetSourceParts, OpenSearch};
use serde::Deserialize;
use url::{Origin, Url};

use crate::causes::chain;
use crate::names::{DocumentId, IndexName};

use super::store::{DocumentBytes, ReadDocument, SearchFault};

/// How requests to OpenSearch are authorized.
#[derive(Debug, Clone)]
pub enum OpenSearchAuth {
    /// AWS Signature Version 4, service `es`.
    SigV4 {
        /// The region of the domain.
        region: Region,
        /// The function's credentials.
        credentials: SharedCredentialsProvider,
    },
    /// HTTP basic authentication.
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: zeroize::Zeroizing<String>,
    },
    /// None: a cluster in a closed network.
    None,
}

/// Where OpenSearch is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct OpenSearchSettings {
    /// The cluster's address, without a path.
    pub url: Url,
    /// How requests are authorized.
    pub auth: OpenSearchAuth,
    /// What stands before an index's name in its alias.
    pub alias_prefix: String,
    /// How long one read may take. Clients repeat a failed read by themselves, so this is short.
    pub timeout: Duration,
    /// The largest document that is read, in bytes.
    pub max_document_bytes: u64,
}

/// Documents in OpenSearch. The client's own `Debug` shows a password; ours doesn't show the client.
#[derive(Clone)]
pub struct OpenSearchDocuments {
    client: OpenSearch,
    origin: Origin,
    alias_prefix: String,
    max_document_bytes: u64,
}

impl OpenSearchDocuments {
    /// A client for these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`BuildError`] if the TLS library can't be set up.
    #[expect(clippy::disallowed_methods, reason = "the one place where this client is made")]
    pub fn new(settings: OpenSearchSettings) -> Result<Self, BuildError> {
        let origin = settings.url.origin();
        let builder = TransportBuilder::new(SingleNodeConnectionPool::new(settings.url))
            .disable_proxy()
            .timeout(settings.timeout);
        let builder = match settings.auth {
            OpenSearchAuth::SigV4 { region, credentials } => {
                builder.auth(Credentials::AwsSigV4(credentials, region)).service_name("es")
            }
            OpenSearchAuth::Basic { user, password } => builder.auth(Credentials::Basic(user, password.to_string())),
            OpenSearchAuth::None => builder,
        };
        Ok(Self {
            client: OpenSearch::new(builder.build()?),
            origin,
            alias_prefix: settings.alias_prefix,
            max_document_bytes: settings.max_document_bytes,
        })
    }

    /// Opens the connection that the first request will use, while the function starts and has the whole processor.
    /// A document is read that isn't there, for reading is all that the function may do; a missing index shows up
    /// here.
    pub async fn connect(&self) {
        const NOBODYS: &str = "0";
        if let Ok(id) = DocumentId::parse(NOBODYS)
            && let Err(error) = self.read(IndexName::Identities, &id).await
        {
            tracing::warn!(error = error.to_string(), "OpenSearch is not there yet");
        }
    }

    async fn document(&self, response: Response) -> Result<DocumentBytes, SearchFault> {
        let failed = |what: &str| SearchFault::Failed(what.to_owned());
        let too_large = |length: u64| length > self.max_document_bytes;
        // OpenSearch announces the length of what it doesn't compress, so that a monster is refused unread.
        if response.content_length().is_some_and(too_large) {
            return Err(failed("the document is larger than the response limit"));
        }
        let bytes = response.bytes().await.map_err(|error| transport_fault(&error))?;
        if too_large(bytes.len() as u64) {
            return Err(failed("the document is larger than the response limit"));
        }
        DocumentBytes::new(bytes).ok_or_else(|| failed("the answer is no JSON object"))
    }
}

impl fmt::Debug for OpenSearchDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSearchDocuments").field("alias_prefix", &self.alias_prefix).finish_non_exhaustive()
    }
}

impl ReadDocument for OpenSearchDocuments {
    async fn read(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, SearchFault> {
        let alias = format!("{}{index}", self.alias_prefix);
        let response = self
            .client
            .get_source(GetSourceParts::IndexId(&alias, id.as_str()))
            // Compression would cost both sides more time than the bytes do within one network.
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            .send()
            .await
            .map_err(|error| transport_fault(&error))?;
        // The client follows redirections, and has no switch for it; what another host says is none of our documents.
        if response.url().origin() != self.origin {
            return Err(SearchFault::Failed("OpenSearch redirected to another host".to_owned()));
        }
        match response.status_code() {
            StatusCode::OK => self.document(response).await.map(Some),
            StatusCode::NOT_FOUND => not_found(response).await,
            StatusCode::TOO_MANY_REQUESTS => {
                let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                Err(SearchFault::Throttled {
                    reason: "OpenSearch answered 429".to_owned(),
                    retry_after_seconds: seconds,
                })
            }
            other => Err(SearchFault::Failed(format!("OpenSearch answered {other}"))),
        }
    }
}

/// Tells a document that isn't there from an index that isn't, which is a fault of the deployment.
async fn not_found(response: Response) -> Result<Option<DocumentBytes>, SearchFault> {
    #[derive(Deserialize)]
    struct Body {
        error: Cause,
    }
    #[derive(Deserialize)]
    struct Cause {
        r#type: String,
    }
    const MAX_ERROR_BYTES: u64 = 64 * 1024;
    if response.content_length().is_some_and(|length| length > MAX_ERROR_BYTES) {
        return Err(SearchFault::Failed("OpenSearch answered 404 with an unreasonable body".to_owned()));
    }
    let bytes = response.bytes().await.map_err(|error| transport_fault(&error))?;
    match serde_json::from_slice::<Body>(&bytes) {
        Ok(body) if body.error.r#type == "resource_not_found_exception" => Ok(None),
        // The type is a word of a few dozen letters; no more than that gets into the log.
        Ok(body) => {
            let kind: String =
                body.error.r#type.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(64).collect();
            Err(SearchFault::Failed(format!("OpenSearch answered 404, {kind}")))
        }
        Err(_) => Err(SearchFault::Failed("OpenSearch answered 404 without saying what was not found".to_owned())),
    }
}

fn transport_fault(error: &opensearch::Error) -> SearchFault {
    SearchFault::Failed(chain(error))
}
