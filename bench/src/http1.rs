//! A client of HTTP/1.1 over one kept connection: the least code that sends a request and reads its answer, so that the
//! load generator takes little of the shared processor.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest head of an answer.
const MAX_HEAD: usize = 64 * 1024;

/// An open connection, on which one request is under way at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer's status, and the position of its body in the received bytes.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, received: Vec::with_capacity(16 * 1024) })
    }

    /// Sends the bytes of a request, and reads the whole answer.
    ///
    /// # Errors
    /// If the connection ends, or the answer doesn't say how long it is.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        self.stream.write_all(request).await.map_err(|error| error.to_string())?;
        self.received.clear();
        let mut looked_at = 0;
        let body = loop {
            self.receive().await?;
            // The end may have come in two pieces.
            let from = usize::saturating_sub(looked_at, 3);
            if let Some(end) = self.received[from..].windows(4).position(|four| four == b"\r\n\r\n") {
                break from + end + 4;
            }
            looked_at = self.received.len();
            if looked_at > MAX_HEAD {
                return Err("an answer whose head does not end".to_owned());
            }
        };
        let (status, length) = head(&self.received[..body]).ok_or("an answer that is not understood")?;
        while self.received.len() < body + length {
            self.receive().await?;
        }
        Ok(Answer { status, body: &self.received[body..body + length] })
    }

    async fn receive(&mut self) -> Result<(), String> {
        match self.stream.read_buf(&mut self.received).await {
            Ok(0) => Err("the connection was closed".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Status and length of the body.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut lines = std::str::from_utf8(bytes).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((status, length?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_status_and_length() {
        assert_eq!(head(b"HTTP/1.1 201 Created\r\ndate: x\r\nContent-Length: 12\r\n\r\n"), Some((201, 12)));
    }

    #[test]
    fn an_answer_of_unknown_length_is_not_understood() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), None);
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_put_together() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello" {
                stream.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut connection = Connection::open(address).await.unwrap();
        let answer = connection.ask(b"ping").await.unwrap();
        assert_eq!((answer.status, answer.body), (200, b"hello".as_slice()));
    }
}
