//! From a function's answer to HTTP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Response, StatusCode};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyResponse;
use shared::http::GATEWAY_RESPONSE_LIMIT;

/// Sends an answer through the form in which it leaves a function, and back to HTTP; `Err` with the answer's size if
/// Lambda could not carry it.
///
/// # Errors
/// The size in bytes of what is too large.
pub fn to_http(answer: Response<Body>) -> Result<Response<Bytes>, usize> {
    let (head, body) = answer.into_parts();
    let mut event = ApiGatewayProxyResponse::default();
    event.status_code = i64::from(head.status.as_u16());
    event.multi_value_headers = head.headers;
    event.is_base64_encoded = matches!(body, Body::Binary(_));
    event.body = match body {
        Body::Empty => None,
        body => Some(body),
    };
    let sent = serde_json::to_vec(&event).map_err(|_| usize::MAX)?;
    if sent.len() > GATEWAY_RESPONSE_LIMIT {
        return Err(sent.len());
    }
    let received: ApiGatewayProxyResponse = serde_json::from_slice(&sent).map_err(|_| usize::MAX)?;
    let body = match received.body {
        // A string in the event, whatever it was before.
        Some(Body::Text(text)) if received.is_base64_encoded => {
            Bytes::from(STANDARD.decode(text).map_err(|_| usize::MAX)?)
        }
        Some(Body::Text(text)) => Bytes::from(text),
        _ => Bytes::new(),
    };
    let mut response = Response::new(body);
    let status = u16::try_from(received.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.ok_or(usize::MAX)?;
    *response.headers_mut() = received.multi_value_headers;
    Ok(response)
}
