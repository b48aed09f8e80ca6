//! A server in the place of OpenSearch that keeps each request byte for byte as it arrived.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Requested path and query.
    pub target: String,
    /// Names and values as they were sent; of a value not even the space before it is gone.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request's bytes: the head, and after an empty line the body.
    pub fn parse(bytes: &[u8]) -> Self {
        let end = end_of_head(bytes).expect("a head that ends");
        // A byte that is no ASCII would be a fault of the client; it must not become another character here.
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        assert!(head.is_ascii(), "{head:?}");
        let mut lines = head.split("\r\n");
        let [method, target, "HTTP/1.1"] = lines.next().unwrap().split(' ').collect::<Vec<_>>()[..] else {
            panic!("no request line: {head:?}")
        };
        let headers = lines.map(|line| line.split_once(':').expect("a header has a colon"));
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// All values of a header, in the order in which they came.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The value of a header that must not be there more than once.
    pub fn value(&self, name: &str) -> Option<&str> {
        let values = self.values(name);
        assert!(values.len() < 2, "{name} is there more than once: {values:?}");
        values.first().copied()
    }
}

/// Where a head ends, if it does.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

/// Makes the answer to a request, status line to body.
type Respond = dyn Fn(&Request) -> Vec<u8> + Send + Sync;

/// A server on a free port of 127.0.0.1. It takes connections as long as this value lives.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    accepting: Option<std::thread::JoinHandle<()>>,
    stop: Arc<std::sync::atomic::AtomicBool>,
}

impl Server {
    /// A server that answers every request with a document.
    pub fn with_a_document() -> Self {
        Self::new(|_| answer(200, "", DOCUMENT))
    }

    /// A server that answers so.
    pub fn new(respond: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let stop = Arc::<std::sync::atomic::AtomicBool>::default();
        let (kept, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let respond: Arc<Respond> = Arc::new(respond);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                let (kept, respond) = (Arc::clone(&kept), Arc::clone(&respond));
                // It ends when the client closes the connection.
                std::thread::spawn(move || serve(stream.unwrap(), &kept, &*respond));
            }
        });
        Self { address, requests, accepting: Some(accepting), stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests that arrived since the last time.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// The one request that arrived since the last time, beside that by which a function opens its connection.
    #[track_caller]
    pub fn take_one(&self) -> Request {
        let mut requests = self.take();
        requests.retain(|request| !request.target.ends_with("identities/_source/0"));
        let [request] = &requests[..] else { panic!("one request should have arrived: {requests:?}") };
        request.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(std::thread::JoinHandle::join);
    }
}

/// The document that is answered.
pub const DOCUMENT: &str = r#"{"id":"signed"}"#;

/// An answer's bytes; `headers` are lines that end.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Answers the requests of a connection until the client closes it. An empty answer closes it at once.
fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Request>>, respond: &Respond) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        while let Some(end) = end_of_head(&bytes) {
            let length =
                Request::parse(&bytes[..end + 4]).value("content-length").map_or(0, |text| text.parse().unwrap());
            let all: usize = end + 4 + length;
            if bytes.len() < all {
                break;
            }
            let request = Request::parse(&bytes[..all]);
            bytes.drain(..all);
            let answer = respond(&request);
            kept.lock().unwrap().push(request);
            if answer.is_empty() || stream.write_all(&answer).is_err() {
                return;
            }
        }
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
}
