//! A listener that plays OpenSearch byte for byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Stand-in for OpenSearch, and the heads of the requests that it got.
pub struct Cluster {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Cluster {
    /// Answers every request with these bytes, and closes the connection.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::start(answer.into(), true).await
    }

    /// Answers every request with these bytes, and then keeps silent on an open connection.
    pub async fn stalling_after(answer: &str) -> Self {
        Self::start(answer.into(), false).await
    }

    async fn start(answer: Vec<u8>, closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                seen.lock().unwrap().push(String::from_utf8(head).unwrap());
                // The client may hang up once it has read enough.
                let _ = stream.write_all(&answer).await;
                if closes {
                    let _ = stream.shutdown().await;
                } else {
                    open.push(stream);
                }
            }
        });
        Self { address, requests }
    }

    /// The heads of the requests that arrived.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The one request that arrived: its first line.
    pub fn request_line(&self) -> String {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].lines().next().unwrap().to_owned()
    }

    /// The one request that arrived: a header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0]
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then(|| value.to_owned()))
    }
}
