//! A client that sends exactly its input.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tokio::net::TcpStream;

use super::Reply;

/// Time limit of an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Percent-encodes all but letters and digits.
pub fn encode(text: &str) -> String {
    percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string()
}

/// The path of a user's secrets.
pub fn secrets_path(user: &str) -> String {
    format!("/vault/api/v1/user/{}/secrets", encode(user))
}

/// The path of a secret.
pub fn secret_path(user: &str, name: &str) -> String {
    format!("{}/{}", secrets_path(user), encode(name))
}

/// Speaks to one server, with a token or without.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    headers: HeaderMap,
}

impl Client {
    pub(super) fn new(address: SocketAddr, token: Option<String>) -> Self {
        let client = Self { address, headers: HeaderMap::new() };
        match token {
            Some(token) => client.header(AUTHORIZATION, &format!("Bearer {token}")),
            None => client,
        }
    }

    /// With one more header, beside those of the same name that are there.
    pub fn header(mut self, name: impl TryInto<HeaderName>, value: &str) -> Self {
        let name = name.try_into().ok().expect("a header's name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "").await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        self.send("POST", path, body).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        self.send("PUT", path, body).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, "").await
    }

    /// Creates a secret, which must succeed.
    pub async fn create(&self, user: &str, body: &serde_json::Value) {
        self.post(&secrets_path(user), body.to_string()).await.expect_status(201);
    }

    /// Any request, on a connection of its own. The path goes over the wire as it is.
    pub async fn send(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Reply {
        let mut request = Request::builder().method(method).uri(path).body(Full::new(body.into())).unwrap();
        *request.headers_mut() = self.headers.clone();
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, HeaderValue::from_str(&self.address.to_string()).unwrap());
        }
        let exchange = async {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            let connection = tokio::spawn(connection);
            let response = sender.send_request(request).await.unwrap();
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            drop(sender);
            let _ = connection.await;
            Reply { status: head.status.as_u16(), headers: head.headers, body }
        };
        tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time")
    }
}
