//! From a function's answer to HTTP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Response, StatusCode};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyResponse;
use shared::http::GATEWAY_RESPONSE_LIMIT;

use super::GatewayError;

/// Response to the client.
///
/// # Errors
/// [`GatewayError::Unanswerable`] if it is larger than Lambda carries, [`GatewayError::NoAnswer`] if it isn't an answer.
pub fn to_http(event: &[u8]) -> Result<Response<Bytes>, GatewayError> {
    if event.len() > GATEWAY_RESPONSE_LIMIT {
        return Err(GatewayError::Unanswerable { size: event.len() });
    }
    // The library's message may quote the answer.
    let no_answer = || GatewayError::NoAnswer("the function's answer can't be read".to_owned());
    let received: ApiGatewayProxyResponse = serde_json::from_slice(event).map_err(|_| no_answer())?;
    let body = match received.body {
        // A string in the event, even if it was none before.
        Some(Body::Text(text)) if received.is_base64_encoded => {
            Bytes::from(STANDARD.decode(text).map_err(|_| no_answer())?)
        }
        Some(Body::Text(text)) => Bytes::from(text),
        _ => Bytes::new(),
    };
    let mut response = Response::new(body);
    let status = u16::try_from(received.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.ok_or_else(no_answer)?;
    *response.headers_mut() = received.multi_value_headers;
    Ok(response)
}
