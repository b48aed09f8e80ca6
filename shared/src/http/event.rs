//! From the gateway's event to a request, and from an answer to the gateway's event.
//!
//! The event is read here rather than by the Lambda runtime, which logs an event that it can't read with the value that
//! is at fault: of `Authorization: Bearer …` with a control character it logs the token.
//!
//! `lambda_http` turns an event into a request, and could run the function as well. It gets only values that it reads
//! without a loss or a panic. Of a repeated header it would keep the last value, so that a second token went unseen; an
//! invalid host and invalid base64 would end in a panic.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request, RequestExt, aws_lambda_events};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Unread event of a request to a REST API: any JSON text is one. It holds tokens and secrets, and has no `Debug`.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct RequestEvent(Box<RawValue>);

/// Error of an unreadable event. The texts are for the client and quote nothing of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// No event of a REST API, or one with a value that its type can't hold: of a header, mostly.
    #[error("The request can't be read: a header or another part of it is malformed")]
    Malformed,
    /// The body isn't of the form that the event names.
    #[error("The body is not the base64 that the event says it is")]
    NotBase64,
}

/// Request id of an event that is otherwise unreadable.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracked {
    request_context: TrackedContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrackedContext {
    request_id: String,
}

impl RequestEvent {
    /// The request, with all values of each header, the path as the client encoded it and the body's bytes. Beside it
    /// is the error of an event that can't be read: the request then holds no more than the gateway's request id, or
    /// no body, and can still be answered.
    pub fn into_request(self) -> (Request, Result<(), EventError>) {
        // The library's error is dropped: it quotes the value that it stands at.
        match serde_json::from_str(self.0.get()) {
            Ok(event) => read(event),
            Err(_) => (self.unreadable(), Err(EventError::Malformed)),
        }
    }

    fn unreadable(&self) -> Request {
        let tracked = serde_json::from_str::<Tracked>(self.0.get());
        let mut event = ApiGatewayProxyRequest::default();
        event.request_context.request_id = tracked.ok().map(|tracked| tracked.request_context.request_id);
        Request::from(LambdaRequest::ApiGatewayV1(event))
    }
}

fn read(mut event: ApiGatewayProxyRequest) -> (Request, Result<(), EventError>) {
    // `multiValueHeaders` has all values; a test from the console may have `headers` alone.
    for (name, value) in std::mem::take(&mut event.headers) {
        if let Some(name) = name.filter(|name| !event.multi_value_headers.contains_key(name)) {
            event.multi_value_headers.insert(name, value);
        }
    }
    // No address is made of these: it isn't looked at.
    event.request_context.domain_name = None;
    let path = event.path.take().unwrap_or_default();
    let body = match (event.body.take(), event.is_base64_encoded) {
        (None, _) => Ok(Body::Empty),
        (Some(text), false) => Ok(Body::Text(text)),
        (Some(text), true) => STANDARD.decode(text).map(Body::Binary).map_err(|_| EventError::NotBase64),
    };
    let mut request = Request::from(LambdaRequest::ApiGatewayV1(event)).with_raw_http_path(&path);
    let read = body.map(|body| *request.body_mut() = body);
    (request, read)
}

/// The event that carries an answer to the gateway.
#[must_use]
pub fn answer_event(answer: Response<Body>) -> ApiGatewayProxyResponse {
    let (head, body) = answer.into_parts();
    let mut event = ApiGatewayProxyResponse::default();
    event.status_code = i64::from(head.status.as_u16());
    event.multi_value_headers = head.headers;
    event.is_base64_encoded = matches!(body, Body::Binary(_));
    event.body = match body {
        Body::Empty => None,
        body => Some(body),
    };
    event
}
