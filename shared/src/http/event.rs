//! From the gateway's event to a request, and from an answer to the gateway's event.
//!
//! `lambda_http` turns an event into a request, and could run the function as well. It is given what it reads without a
//! loss or a panic only: of a header that came twice it would keep the last value, so that a second token went unseen;
//! a host that is none and text that is no base64 would end in a panic.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request, RequestExt, aws_lambda_events};
use serde::Deserialize;

/// The event of a request to a REST API. It holds tokens and secrets, and has no `Debug`.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct RequestEvent(ApiGatewayProxyRequest);

/// Why an event can't be read, in words for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The body isn't what the event says it is.
    #[error("The body is not the base64 that the event says it is")]
    NotBase64,
}

impl RequestEvent {
    /// The request, with all values of each header, the path as the client encoded it and the body's bytes.
    /// Whether its body could be read is beside it, for a request without a body is still one that can be answered.
    pub fn into_request(self) -> (Request, Result<(), EventError>) {
        let mut event = self.0;
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
