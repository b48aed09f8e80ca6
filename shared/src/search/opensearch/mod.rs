//! Documents in OpenSearch, read by `GET /{alias}/_source/{id}`.
//!
//! One request of one kind is sent here, with the HTTP client that the SDK has in every function. OpenSearch's own client
//! would bring a second one, which follows redirections, a session's token with it, and reads an answer whole before
//! its size is known.

mod auth;

use std::fmt;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HOST};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use url::{Position, Url};

use crate::causes::chain;
use crate::names::{DocumentId, IndexName};
use crate::percent::encode;

use super::store::{DocumentBytes, ReadDocument, SearchFault};

pub use auth::OpenSearchAuth;

/// The longest answer that is no document, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

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
    pub max_document_bytes: usize,
}

/// Documents in OpenSearch.
pub struct OpenSearchDocuments {
    connector: Connector,
    settings: OpenSearchSettings,
}

impl OpenSearchDocuments {
    /// Reads with this connector. Nothing is connected yet.
    #[must_use]
    pub fn new(connector: Connector, settings: OpenSearchSettings) -> Self {
        Self { connector, settings }
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

    async fn ask(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, SearchFault> {
        let OpenSearchSettings { url, auth, alias_prefix, max_document_bytes, .. } = &self.settings;
        let path = format!("/{}/_source/{}", encode(&format!("{alias_prefix}{index}")), encode(id.as_str()));
        let mut request = http::Request::get(format!("{}{path}", &url[..Position::BeforePath]))
            .header(HOST, &url[Position::BeforeHost..Position::BeforePath])
            // Compression would cost both sides more time than the bytes do within one network.
            .header(ACCEPT_ENCODING, "identity")
            .body(SdkBody::empty())
            .map_err(|error| SearchFault::Failed(chain(&error)))?;
        auth.authorize(&mut request).await.map_err(SearchFault::Failed)?;
        let request = Request::try_from(request).map_err(|error| SearchFault::Failed(chain(&error)))?;

        let response = self.connector.call(request).await.map_err(|error| SearchFault::Failed(chain(&error)))?;

        match response.status().as_u16() {
            200 => {
                let bytes =
                    read(response, *max_document_bytes, "the document is larger than the response limit").await?;
                DocumentBytes::new(bytes).map(Some).ok_or_else(|| failed("the answer is no JSON object"))
            }
            404 => {
                not_found(&read(response, MAX_ERROR_BYTES, "OpenSearch answered 404 with an unreasonable body").await?)
            }
            429 => Err(SearchFault::Throttled {
                reason: "OpenSearch answered 429".to_owned(),
                retry_after_seconds: response.headers().get("retry-after").and_then(|value| value.parse().ok()),
            }),
            other => Err(SearchFault::Failed(format!("OpenSearch answered {other}"))),
        }
    }
}

fn failed(what: &str) -> SearchFault {
    SearchFault::Failed(what.to_owned())
}

/// Reads an answer's body, and no more of it than `limit`; `beyond` says what is wrong with more.
async fn read(response: Response, limit: usize, beyond: &str) -> Result<Bytes, SearchFault> {
    match Limited::new(response.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(failed(beyond)),
        Err(error) => Err(SearchFault::Failed(chain(error.as_ref()))),
    }
}

impl fmt::Debug for OpenSearchDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = &self.settings.alias_prefix;
        f.debug_struct("OpenSearchDocuments").field("alias_prefix", prefix).finish_non_exhaustive()
    }
}

impl ReadDocument for OpenSearchDocuments {
    async fn read(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, SearchFault> {
        let timeout = self.settings.timeout;
        tokio::time::timeout(timeout, self.ask(index, id))
            .await
            .unwrap_or_else(|_| Err(SearchFault::Failed(format!("no answer within {timeout:?}"))))
    }
}

/// Tells a document that isn't there from an index that isn't, which is a fault of the deployment.
fn not_found(body: &[u8]) -> Result<Option<DocumentBytes>, SearchFault> {
    #[derive(Deserialize)]
    struct Body {
        error: Cause,
    }
    #[derive(Deserialize)]
    struct Cause {
        r#type: String,
    }
    match serde_json::from_slice::<Body>(body) {
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
