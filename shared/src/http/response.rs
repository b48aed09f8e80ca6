//! Response of a handler.

use std::fmt;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use lambda_http::Body;

/// The largest event with which a function can answer, in bytes: Lambda's 6 MiB for a synchronous invocation.
pub const GATEWAY_RESPONSE_LIMIT: usize = 6 * 1024 * 1024;

/// A status, headers and a text. The text may be a secret: `Debug` shows its length alone.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: String,
}

impl Response {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: String::new() }
    }

    /// An answer of JSON text.
    #[must_use]
    pub fn json(status: StatusCode, body: String) -> Self {
        let mut answer = Self { body, ..Self::empty(status) };
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }

    /// With one more header. A value that no header can hold is left out: the values used here are encoded text and
    /// numbers.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The size in bytes of the event that carries this answer to the gateway: the body becomes a JSON string, in
    /// which quotes, backslashes and control characters take more bytes.
    #[must_use]
    pub fn event_size(&self) -> usize {
        // Status, flags, and per header two brackets and four quotes, generously.
        const FRAME: usize = 512;
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 16).sum();
        FRAME + headers + escaped_length(&self.body)
    }

    /// Tells whether the gateway can carry this answer.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.event_size() <= GATEWAY_RESPONSE_LIMIT
    }

    /// As the type that `lambda_http` takes.
    #[must_use]
    pub fn into_response(self) -> http::Response<Body> {
        let body = if self.body.is_empty() { Body::Empty } else { Body::Text(self.body) };
        let mut response = http::Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// The length of a text inside a JSON string.
fn escaped_length(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0x00..=0x1f => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escaped_length_is_what_the_event_will_have() {
        for text in ["", "plain", "{\"a\":\"\\u0000\"}", "\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}", "ü€\u{2028}"] {
            assert_eq!(escaped_length(text) + 2, serde_json::to_string(text).unwrap().len(), "{text:?}");
        }
    }
}
