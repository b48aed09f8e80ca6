//! Documents in OpenSearch, read by `GET /{alias}/_source/{id}` and written by `POST /{alias}/_bulk`.
//!
//! Requests are sent with the HTTP client that the SDK has in every function. OpenSearch's own client would bring a
//! second one, which follows redirections, a session's token with it, and reads an answer whole before its size is
//! known.

mod auth;
mod bulk;
mod connection;
mod reason;

use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use url::Url;

use crate::clients::Connections;
use crate::names::{DocumentId, IndexName};
use crate::url_encoding::encode;

use super::store::{DocumentBytes, DocumentStoreError, ReadDocument};
use super::tombstone;

pub use auth::OpenSearchAuth;
pub use bulk::OpenSearchWriter;
use connection::MAX_ERROR_BYTES;
pub use connection::{Cluster, ClusterAnswer, Payload};
pub use reason::ErrorCause;

/// Where OpenSearch is, and how it is read from.
#[derive(Debug, Clone)]
pub struct OpenSearchSettings {
    /// The cluster's address, without a path.
    pub url: Url,
    /// Authorization of requests to OpenSearch.
    pub auth: OpenSearchAuth,
    /// Alias prefix.
    pub alias_prefix: String,
    /// Time limit of one read. Clients repeat a failed read by themselves, so this is short.
    pub timeout: Duration,
    /// The largest document that is read, in bytes.
    pub max_document_bytes: usize,
}

/// Documents in OpenSearch.
pub struct OpenSearchDocuments {
    cluster: Cluster,
    alias_prefix: String,
    timeout: Duration,
    max_document_bytes: usize,
}

impl OpenSearchDocuments {
    /// Documents of this cluster, read over these connections. Nothing is connected yet.
    pub fn new(connections: &Connections, settings: OpenSearchSettings) -> Result<Self, BoxError> {
        let OpenSearchSettings { url, auth, alias_prefix, timeout, max_document_bytes } = settings;
        Ok(Self { cluster: Cluster::new(connections, url, auth)?, alias_prefix, timeout, max_document_bytes })
    }

    async fn ask(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, DocumentStoreError> {
        let path = format!("/{}/_source/{}", alias(&self.alias_prefix, index), encode(id.as_str()));
        let answer = self.cluster.send(Method::GET, &path, Payload::None).await?;
        match answer.status() {
            200 => {
                let bytes =
                    answer.read(self.max_document_bytes, "the document is larger than the response limit").await?;
                document(bytes)
            }
            404 => not_found(&answer.read(MAX_ERROR_BYTES, "OpenSearch answered 404 with an unreasonable body").await?),
            _ => Err(answer.error().await),
        }
    }
}

/// An index's alias, as a segment of a path.
#[must_use]
pub fn alias(prefix: &str, index: IndexName) -> String {
    encode(&format!("{prefix}{index}"))
}

/// Document stored under an id: a document, or a tombstone.
fn document(bytes: Bytes) -> Result<Option<DocumentBytes>, DocumentStoreError> {
    if tombstone::is_tombstone(&bytes) {
        return Ok(None);
    }
    let document = DocumentBytes::new(bytes);
    document.map(Some).ok_or_else(|| DocumentStoreError::Failed("the answer is no JSON object".to_owned()))
}

impl fmt::Debug for OpenSearchDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSearchDocuments").field("alias_prefix", &self.alias_prefix).finish_non_exhaustive()
    }
}

impl ReadDocument for OpenSearchDocuments {
    async fn read(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, DocumentStoreError> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.ask(index, id))
            .await
            .unwrap_or_else(|_| Err(DocumentStoreError::Failed(format!("no answer within {timeout:?}"))))
    }
}

/// Tells a document that isn't there from an index that isn't, which is an error of the deployment.
fn not_found(body: &[u8]) -> Result<Option<DocumentBytes>, DocumentStoreError> {
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
            Err(DocumentStoreError::Failed(format!("OpenSearch answered 404, {kind}")))
        }
        Err(_) => {
            Err(DocumentStoreError::Failed("OpenSearch answered 404 without saying what was not found".to_owned()))
        }
    }
}
