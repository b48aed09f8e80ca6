//! Handling of a request: a handler answers it, and everything that happens to all requests happens here once — the
//! tracking id, the log line, the failure's body, the limit of the gateway, a panic's end.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use lambda_http::request::RequestContext as GatewayContext;
use lambda_http::{Body, Request, RequestExt};
use uuid::Uuid;

use crate::auth::{AuthError, Authenticator, Caller};

use super::api::Api;
use super::event::RequestEvent;
use super::response::Response;

/// Where an answer names its tracking id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Time limit of an answer. It is less than the functions' time limit in the template, so that a slower request is
/// answered and logged as any other failure.
const TIME_LIMIT: Duration = Duration::from_secs(12);

/// Cause of a panic's answer. A panic's message may hold anything; the panic hook logs its place.
const PANIC: &str = "a panic; its place is in the line before";

/// One operation of an API.
pub trait Endpoint: Send + Sync {
    /// The API it belongs to.
    type Api: Api;

    /// Its name in the log.
    const OPERATION: &'static str;

    /// Answers a request: authenticate, decide, act, answer.
    fn answer(
        &self,
        call: &mut RequestContext,
    ) -> impl Future<Output = Result<Response, <Self::Api as Api>::Error>> + Send;
}

/// A request under way, with the fields of its log line. Headers and body hold tokens and secrets: `Debug` shows the
/// tracking id alone.
pub struct RequestContext {
    request: Request,
    tracking_id: String,
    /// The caller's id, once it is known.
    pub caller: Option<String>,
    /// Id of the addressed vault's owner.
    pub owner: Option<String>,
    /// The random id of the one secret that was touched. Names are the users' own words and stay out of the log.
    pub secret_id: Option<String>,
}

impl RequestContext {
    fn new(request: Request) -> Self {
        let tracking_id = tracking_id(&request);
        Self { request, tracking_id, caller: None, owner: None, secret_id: None }
    }

    /// Authenticates the sender of the request. The log line names the caller from here on.
    ///
    /// # Errors
    /// [`AuthError`] if the token is missing or refused, or can't be verified.
    pub async fn authenticate(&mut self, authenticator: &Authenticator) -> Result<Caller, AuthError> {
        let caller = authenticator.caller(self.headers()).await?;
        self.caller = Some(caller.id().to_string());
        Ok(caller)
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The body's bytes, as the client sent them.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.request.body()
    }

    /// The path as the client encoded it, without the stage.
    #[must_use]
    pub fn raw_path(&self) -> &str {
        self.request.raw_http_path()
    }

    /// Logs a damaged secret that doesn't fail the request, as an error under the request's tracking id.
    pub fn log_damaged(&self, operation: &str, secret_id: Option<&str>, cause: &str) {
        let (tracking_id, owner) = (&self.tracking_id, &self.owner);
        tracing::error!(tracking_id, operation, owner, secret_id, cause, "a listed secret does not open");
    }

    /// All values of a query parameter, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Vec<&str> {
        self.request.query_string_parameters_ref().and_then(|query| query.all(name)).unwrap_or_default()
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestContext({})", self.tracking_id)
    }
}

/// Answers one event of the gateway. It always answers: a failure, an event that can't be read, a panic and an answer
/// too large for the gateway become the API's documented error.
pub async fn serve_event<E: Endpoint>(endpoint: &E, event: RequestEvent) -> http::Response<Body> {
    match readable::<E::Api>(event) {
        (request, Ok(())) => serve(endpoint, request).await,
        (request, Err(error)) => refuse::<E::Api>(E::OPERATION, request, error),
    }
}

/// Answers one event of the gateway for a function that could not be prepared: with `error`, unless the event is at
/// fault itself.
pub fn refuse_event<F: Api>(operation: &'static str, event: RequestEvent, error: F::Error) -> http::Response<Body> {
    let (request, read) = readable::<F>(event);
    refuse::<F>(operation, request, read.err().unwrap_or(error))
}

/// The request of an event, with the error of one that can't be read. A panic of the libraries that read it is one more.
fn readable<F: Api>(event: RequestEvent) -> (Request, Result<(), F::Error>) {
    match std::panic::catch_unwind(AssertUnwindSafe(|| event.into_request())) {
        Ok((request, read)) => (request, read.map_err(|error| F::bad_request(error.to_string()))),
        Err(_) => (Request::default(), Err(F::internal(PANIC.to_owned()))),
    }
}

async fn serve<E: Endpoint>(endpoint: &E, request: Request) -> http::Response<Body> {
    let started = Instant::now();
    let mut call = RequestContext::new(request);
    // The endpoint holds no state that a panic could leave half changed: stores and keys are behind their own locks.
    let answer = tokio::time::timeout(TIME_LIMIT, endpoint.answer(&mut call));
    let outcome = AssertUnwindSafe(answer).catch_unwind().await;
    let panicked = |_| Err(E::Api::internal(PANIC.to_owned()));
    let late = |_| Err(E::Api::internal(format!("no answer within {TIME_LIMIT:?}")));
    let result = outcome.map_or_else(panicked, |answer| answer.unwrap_or_else(late)).and_then(|answer| {
        if answer.fits() {
            Ok(answer)
        } else {
            Err(E::Api::internal(format!("an answer of {} bytes is too large", answer.event_size())))
        }
    });
    finish::<E::Api>(E::OPERATION, &call, started, result)
}

/// Answers a request that reaches no operation, as a gateway does by itself.
pub fn refuse<F: Api>(operation: &'static str, request: Request, error: F::Error) -> http::Response<Body> {
    finish::<F>(operation, &RequestContext::new(request), Instant::now(), Err(error))
}

fn finish<F: Api>(
    operation: &'static str,
    call: &RequestContext,
    started: Instant,
    result: Result<Response, F::Error>,
) -> http::Response<Body> {
    let (answer, error, cause) = match result {
        Ok(answer) => (answer, None, None),
        Err(error) => (F::answer(&error, &call.tracking_id, call.headers()), Some(error.to_string()), F::cause(&error)),
    };
    log(operation, call, answer.status.as_u16(), started, error.as_deref(), cause.as_deref());
    let mut response = answer.with(REQUEST_ID, &call.tracking_id).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// One line a request. A failure without a fault of the client is an error, with its cause.
fn log(
    operation: &str,
    call: &RequestContext,
    status: u16,
    started: Instant,
    error: Option<&str>,
    cause: Option<&str>,
) {
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    macro_rules! line {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                tracking_id = call.tracking_id,
                operation,
                status,
                duration_ms,
                caller = call.caller,
                owner = call.owner,
                secret_id = call.secret_id,
                error,
                cause,
                $message
            )
        };
    }
    if status >= 500 {
        line!(error, "request failed");
    } else if error.is_some() {
        line!(info, "request refused");
    } else {
        line!(info, "request answered");
    }
}

/// Thirty-two hexadecimal digits that the client, the function's log and the gateway's log share: the gateway's
/// request id, which is a UUID, without its dashes.
fn tracking_id(request: &Request) -> String {
    let gateways = match request.request_context_ref() {
        Some(GatewayContext::ApiGatewayV1(context)) => context.request_id.as_deref(),
        _ => None,
    };
    gateways
        .and_then(|id| Uuid::try_parse(id).ok())
        .map(|id| id.simple().to_string())
        .or_else(|| crate::random::RandomId::make().ok().map(|id| id.to_string()))
        .unwrap_or_else(|| "0".repeat(32))
}
