//! ClusterRequests to a cluster, repeated where that may help, and how long all of them may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::Value;
use shared::backoff::Backoff;
use shared::search::{Cluster, ErrorCause, Payload};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::error::PrepareError;

/// Time limit of one request. Some wait for the cluster to agree on its state.
const ATTEMPT: Duration = Duration::from_secs(60);
/// Attempts of a request to a cluster that is unreachable or overloaded.
const ATTEMPTS: u32 = 6;
/// The wait before the first repetition; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// When work has to end that is not done yet.
#[derive(Debug, Clone, Default)]
pub struct Deadline {
    /// At this time; never, if there is none.
    pub until: Option<Instant>,
    /// As soon as this is set.
    pub stop: Arc<AtomicBool>,
}

impl Deadline {
    /// No longer than this from now.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self { until: Some(Instant::now() + time), stop: Arc::default() }
    }

    /// An error if work has to end.
    pub(crate) fn check(&self) -> Result<(), PrepareError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(PrepareError::Stopped);
        }
        match self.until {
            Some(until) if Instant::now() >= until => Err(PrepareError::TimeIsUp("not all was done".to_owned())),
            _ => Ok(()),
        }
    }

    /// Waits, and no longer than there is time.
    pub(crate) async fn wait(&self, time: Duration) -> Result<(), PrepareError> {
        self.check()?;
        match self.until {
            Some(until) => {
                let _ = timeout_at(until, sleep(time)).await;
            }
            None => sleep(time).await,
        }
        self.check()
    }
}

/// Value at this path of an answer; null, if nothing is.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    static NOTHING: Value = Value::Null;
    path.iter().try_fold(value, |value, name| value.get(name)).unwrap_or(&NOTHING)
}

/// An answer of the cluster.
#[derive(Debug)]
pub(crate) struct Reply {
    request: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Reply {
    /// The body of a request that was done.
    pub(crate) fn done(self) -> Result<Value, PrepareError> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { Err(self.error()) }
    }

    /// Error of an answer, as OpenSearch reports it.
    pub(crate) fn error(&self) -> PrepareError {
        let shown = ErrorCause::of_body(&self.body).shown();
        let separator = if shown.is_empty() { "" } else { " " };
        PrepareError::failed(format!("{}: OpenSearch answered {}{separator}{shown}", self.request, self.status))
    }

    /// Tells whether it is this error.
    pub(crate) fn is(&self, kind: &str) -> bool {
        *at(&self.body, &["error", "type"]) == kind
    }
}

/// Sends requests to a cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClusterRequests<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) deadline: &'a Deadline,
}

impl ClusterRequests<'_> {
    pub(crate) async fn get(&self, path: &str) -> Result<Reply, PrepareError> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Reply, PrepareError> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Option<&Value>) -> Result<Reply, PrepareError> {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Reply, PrepareError> {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends a request with retries; it may be applied more than once. It may have been done more than once then.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, PrepareError> {
        let mut backoff = Backoff::new(FIRST_WAIT, ATTEMPT);
        let mut attempt = 1;
        loop {
            self.deadline.check()?;
            let why = match self.once(&method, path, body).await {
                Ok(reply) if !matches!(reply.status, 429 | 502 | 503 | 504) => return Ok(reply),
                Ok(reply) => reply.error().to_string(),
                Err(why) => format!("{method} {path}: {why}"),
            };
            if attempt == ATTEMPTS {
                return Err(PrepareError::Failed(why));
            }
            tracing::warn!(error = why, attempt, "a request to OpenSearch is repeated");
            self.deadline.wait(backoff.wait()).await?;
            attempt += 1;
        }
    }

    /// Sends a request once. `Err` says why there is no answer.
    pub(crate) async fn once(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Reply, String> {
        let payload = body.map_or(Payload::None, |body| Payload::Json(body.to_string().into()));
        let sent = async {
            let answer = self.cluster.send(method.clone(), path, payload).await?;
            let status = answer.status();
            let body = answer.read(MAX_ANSWER_BYTES, "OpenSearch answered with an unreasonable body").await?;
            Ok(Reply {
                request: format!("{method} {path}"),
                status,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            })
        };
        // A request doesn't outlive the work that it is for.
        let until =
            self.deadline.until.map_or(ATTEMPT, |until| until.saturating_duration_since(Instant::now()).min(ATTEMPT));
        let answered = timeout(until, sent).await.map_err(|_| format!("no answer within {until:?}"))?;
        answered.map_err(|error: shared::search::DocumentStoreError| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_shows_its_innermost_cause_and_no_value() {
        let error = json!({ "type": "mapper_parsing_exception", "reason": "failed to parse field [d] of type [date] in document with id '1'. Preview of field's value: 'canary'",
            "caused_by": { "type": "date_time_parse_exception", "reason": "Text 'canary' could not be parsed" } });
        let reply = Reply { request: "POST /x".to_owned(), status: 400, body: json!({ "error": error }) };
        let told = reply.error().to_string();
        assert!(told.contains("failed to parse field [d]") && told.contains("date_time_parse_exception"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }

    #[test]
    fn an_error_that_is_a_text_is_told() {
        let told = |body| Reply { request: "PUT /x".to_owned(), status: 403, body }.error().to_string();
        for body in [json!({ "error": "no 'canary'" }), json!({ "Message": "no" }), json!({ "message": "no" })] {
            let told = told(body);
            assert!(told.starts_with("PUT /x: OpenSearch answered 403 no") && !told.contains("canary"), "{told}");
        }
        assert_eq!(told(json!(null)), "PUT /x: OpenSearch answered 403");
    }
}
