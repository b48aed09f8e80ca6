//! The server of Lambda's runtime API, one for each started process: it says when the process asks and when it has
//! answered, and does nothing meanwhile.

use std::convert::Infallible;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The paths' beginning.
const RUNTIME: &str = "/2018-06-01/runtime/";
/// Time limit of an event, as in the functions' template.
const LIMIT: Duration = Duration::from_secs(15);

/// Call of a process at the runtime API.
#[derive(Debug)]
pub enum Call {
    /// It waits for an event.
    Next {
        /// Since when.
        at: Instant,
        /// Takes the event.
        event: oneshot::Sender<String>,
    },
    /// It has answered.
    Answer {
        /// When the answer's last byte was there.
        at: Instant,
        /// The answer.
        body: Bytes,
        /// Lets the process go on.
        done: oneshot::Sender<()>,
    },
    /// It has failed, and says how.
    Failure(String),
}

/// A server for one process.
#[derive(Debug)]
pub struct RuntimeApi {
    address: String,
    calls: mpsc::Receiver<Call>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Starts it on a free port.
    pub async fn start() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("the runtime API: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?.to_string();
        let (sender, calls) = mpsc::channel(4);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let sender = sender.clone();
                let service = service_fn(move |request| serve(request, sender.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, calls, server })
    }

    /// Value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Next call of the process.
    pub async fn call(&mut self) -> Option<Call> {
        self.calls.recv().await
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(request: Request<Incoming>, calls: mpsc::Sender<Call>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(RUNTIME).unwrap_or_default();
    let answer = if (head.method.clone(), path) == (Method::GET, "invocation/next") {
        let (event, given) = oneshot::channel();
        let _ = calls.send(Call::Next { at: Instant::now(), event }).await;
        given.await.ok().and_then(invocation)
    } else {
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let at = Instant::now();
        let accepted = Response::builder().status(StatusCode::ACCEPTED).body(Full::default()).ok();
        if path.ends_with("/response") {
            let (done, noted) = oneshot::channel();
            let _ = calls.send(Call::Answer { at, body, done }).await;
            let _ = noted.await;
        } else {
            let _ = calls.send(Call::Failure(format!("{path}: {}", String::from_utf8_lossy(&body)))).await;
        }
        accepted
    };
    // The process is about to be ended when there is nothing to answer.
    Ok(answer.unwrap_or_default())
}

/// An event with the headers that Lambda sends.
fn invocation(event: String) -> Option<Response<Full<Bytes>>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = format!("00000000-0000-4000-8000-{:012x}", now.as_micros() & 0xffff_ffff_ffff);
    let trace = format!("Root=1-{:08x}-{:024x};Parent={:016x};Sampled=0", now.as_secs(), now.as_nanos(), 1);
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", (now + LIMIT).as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
        .header("lambda-runtime-trace-id", trace)
        .body(Full::from(event))
        .ok()
}
