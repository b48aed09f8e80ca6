//! Client of a cluster: one request, one answer.

use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use url::{Position, Url};

use crate::clients::Connections;
use crate::error_chain::error_chain;
use crate::search::store::DocumentStoreError;

use super::OpenSearchAuth;

/// The longest answer that is no document, in bytes.
pub(super) const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Time limit for the rest of an answer with a status that suffices.
const REST: Duration = Duration::from_millis(100);

/// Payload of a request.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Nothing.
    None,
    /// JSON.
    Json(Bytes),
    /// JSON values, one a line.
    Lines(Bytes),
}

impl Payload {
    fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json"),
            Self::Lines(_) => Some("application/x-ndjson"),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Json(bytes) | Self::Lines(bytes) => bytes,
        }
    }
}

/// A cluster, and how requests to it are authorized.
pub struct Cluster {
    connector: SharedHttpConnector,
    url: Url,
    auth: OpenSearchAuth,
}

impl Cluster {
    /// The cluster at this address, without a path. Nothing is connected yet.
    pub fn new(connections: &Connections, url: Url, auth: OpenSearchAuth) -> Result<Self, BoxError> {
        Ok(Self { connector: connections.connector()?, url, auth })
    }

    /// Sends a request. Its path is encoded and may have a query. How long that may take is the caller's affair.
    ///
    /// # Errors
    /// [`DocumentStoreError::Failed`] if no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
    ) -> Result<ClusterAnswer, DocumentStoreError> {
        let request = self.request(method, path, payload).await?;
        let answer =
            self.connector.call(request).await.map_err(|error| DocumentStoreError::Failed(error_chain(&error)))?;
        Ok(ClusterAnswer(answer))
    }

    /// A request as it is sent, signed where it has to be.
    async fn request(&self, method: Method, path: &str, payload: Payload) -> Result<Request, DocumentStoreError> {
        let failed = |cause: String| DocumentStoreError::Failed(cause);
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", &self.url[..Position::BeforePath]))
            .header(HOST, &self.url[Position::BeforeHost..Position::BeforePath])
            // Compression would cost both sides more time than the bytes do within one network.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(kind) = payload.content_type() {
            request = request.header(CONTENT_TYPE, kind);
        }
        let body = payload.into_bytes();
        let mut request = request.body(SdkBody::from(body.clone())).map_err(|error| failed(error_chain(&error)))?;
        self.auth.authorize(&mut request, &body).await.map_err(failed)?;
        Request::try_from(request).map_err(|error| failed(error_chain(&error)))
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

/// An answer with a body that was not read yet.
#[derive(Debug)]
pub struct ClusterAnswer(Response);

impl ClusterAnswer {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// Error of an answer with this status. It is read, because the connection takes a next request only then,
    /// but not waited for; its text isn't told.
    pub async fn error(self) -> DocumentStoreError {
        let status = self.status();
        let retry_after_seconds = self.0.headers().get("retry-after").and_then(|value| value.parse().ok());
        let _ = timeout(REST, self.read(MAX_ERROR_BYTES, "")).await;
        let reason = format!("OpenSearch answered {status}");
        match status {
            429 => DocumentStoreError::Throttled { reason, retry_after_seconds },
            _ => DocumentStoreError::Failed(reason),
        }
    }

    /// Reads the body, and no more of it than `limit` bytes; `beyond` is the error of a larger body.
    ///
    /// # Errors
    /// [`DocumentStoreError::Failed`] if it is longer, or doesn't arrive.
    pub async fn read(self, limit: usize, beyond: &str) -> Result<Bytes, DocumentStoreError> {
        match Limited::new(self.0.into_body(), limit).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(DocumentStoreError::Failed(beyond.to_owned())),
            Err(error) => Err(DocumentStoreError::Failed(error_chain(error.as_ref()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use crate::clients::Issuer;

    use super::*;

    /// A cluster that answers every request so, and the number of connections to it.
    fn cluster(answer: &'static str) -> (Cluster, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    while let Ok(1..) = stream.read(&mut [0; 4096]) {
                        stream.write_all(answer.as_bytes()).unwrap();
                    }
                });
            }
        });
        let pool = Connections::new(Issuer::Nobody, []).unwrap();
        (Cluster::new(&pool, url, OpenSearchAuth::None).unwrap(), connections)
    }

    async fn errors(answer: &'static str) -> (Vec<DocumentStoreError>, usize) {
        let (cluster, connections) = cluster(answer);
        let mut errors = Vec::new();
        for _ in 0..3 {
            errors.push(cluster.send(Method::GET, "/", Payload::None).await.unwrap().error().await);
        }
        (errors, connections.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_busy_cluster_is_asked_again_over_the_same_connection() {
        let answer = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 12\r\n\r\n{\"error\":{}}";
        let reason = "OpenSearch answered 429".to_owned();
        let error = DocumentStoreError::Throttled { reason, retry_after_seconds: Some(7) };
        assert_eq!(errors(answer).await, (vec![error; 3], 1));
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_the_fault_that_its_status_says() {
        let error = DocumentStoreError::Failed("OpenSearch answered 503".to_owned());
        let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 12\r\n\r\n{";
        assert_eq!(errors(answer).await.0, vec![error; 3]);
    }

    #[tokio::test]
    async fn a_cluster_that_fails_is_asked_again_over_the_same_connection() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 12\r\n\r\n{\"error\":{}}";
        let error = DocumentStoreError::Failed("OpenSearch answered 503".to_owned());
        assert_eq!(errors(answer).await, (vec![error; 3], 1));
    }
}
