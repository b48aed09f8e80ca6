//! Proxy between a function and a service: it counts the calls, and it fails as a test wants it to.

mod call;
mod wire;

pub use call::Call;

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use wire::{pass_on, read, reset, written};

/// Failure of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing listens.
    Refuse,
    /// The connection is reset when the request has arrived; the service never sees it.
    Reset,
    /// The request arrives, and no answer ever comes; the service never sees it.
    Stall,
    /// The service does the request, and the connection ends in the middle of its answer.
    CutAnswer,
    /// The service does the request, and the connection is reset before its answer.
    DropAnswer,
    /// This is answered; the service never sees the request.
    Answer {
        /// The status.
        status: u16,
        /// Headers beside `Content-Length`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// An answer of this length is announced, and sent as long as somebody reads it.
    Flood {
        /// Number of bytes.
        bytes: u64,
    },
}

/// Failures still to come.
#[derive(Debug, Clone)]
struct Plan {
    fault: Fault,
    /// Number of calls that are passed on before the first failure.
    skip: usize,
    times: usize,
    /// The one action or method with failing calls; all, if there is none.
    action: Option<String>,
}

#[derive(Debug)]
struct State {
    upstream: SocketAddr,
    calls: Mutex<Vec<Call>>,
    plan: watch::Sender<Option<Plan>>,
}

/// A proxy before a service. It ends with this value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy before the service at this URL, on a free port of 127.0.0.1.
    pub fn before(runtime: &Handle, service: &str) -> Self {
        Self::on(runtime, Ipv4Addr::LOCALHOST, service)
    }

    /// A proxy that listens on a free port of another address, for functions in containers.
    pub fn on(runtime: &Handle, address: Ipv4Addr, service: &str) -> Self {
        let upstream = service.strip_prefix("http://").expect("a service of http").trim_end_matches('/');
        let upstream = upstream.to_socket_addrs().ok().and_then(|mut found| found.next()).expect("a service's address");
        let (plan, _) = watch::channel(None);
        let state = Arc::new(State { upstream, calls: Mutex::default(), plan });
        let _guard = runtime.enter();
        let listener = bound((address, 0).into()).listen(BACKLOG).unwrap();
        let address = listener.local_addr().unwrap();
        let task = runtime.spawn(accept(listener, address, Arc::clone(&state)));
        Self { address, state, task }
    }

    /// Its own address, for a function's setting.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every call from now on fails so.
    pub fn fail(&self, fault: Fault) {
        self.fail_times(fault, usize::MAX);
    }

    /// The next calls fail so, this many of them. A refused connection is no call and counts for nothing.
    pub fn fail_times(&self, fault: Fault, times: usize) {
        self.state.plan.send_replace(Some(Plan { fault, skip: 0, times, action: None }));
    }

    /// So many calls are passed on, and the next ones fail so, this many of them. Not for [`Fault::Refuse`].
    pub fn fail_after(&self, passed_on: usize, fault: Fault, times: usize) {
        self.state.plan.send_replace(Some(Plan { fault, skip: passed_on, times, action: None }));
    }

    /// Number of calls since the last count.
    pub fn count_calls(&self) -> usize {
        self.state.calls.lock().unwrap().len()
    }

    /// The next calls of this action, or of this method, fail so, this many of them, and others are passed on. A service that refuses is
    /// gone for all calls from the first of these on.
    pub fn fail_action(&self, action: &str, fault: Fault, times: usize) {
        self.state.plan.send_replace(Some(Plan { fault, skip: 0, times, action: Some(action.to_owned()) }));
    }

    /// Calls are passed on again; where connections were refused, they are taken when this returns.
    pub fn heal(&self) {
        let before = self.state.plan.send_replace(None);
        if before.is_some_and(|plan| plan.fault == Fault::Refuse) {
            let healed = Instant::now();
            while std::net::TcpStream::connect(self.address).is_err() {
                assert!(healed.elapsed() < Duration::from_secs(10), "the proxy doesn't listen again");
                std::thread::yield_now();
            }
        }
    }

    /// Ends all connections; new ones are taken when this returns.
    pub fn end_connections(&self) {
        self.fail(Fault::Refuse);
        let started = Instant::now();
        while std::net::TcpStream::connect(self.address).is_ok() {
            assert!(started.elapsed() < Duration::from_secs(10), "the proxy goes on listening");
            std::thread::yield_now();
        }
        self.heal();
    }

    /// The calls since the last time, successful or not.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.calls.lock().unwrap())
    }

    /// The actions of these calls; for a service of AWS.
    pub fn take_actions(&self) -> Vec<String> {
        self.take_calls().iter().map(|call| call.action().unwrap_or(&call.path).to_owned()).collect()
    }
}

/// Number of connections that may wait to be taken.
const BACKLOG: u32 = 1024;

/// A socket at this address, beside another one that may be there.
fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// Takes connections, but for the time when they are refused.
async fn accept(mut listener: TcpListener, address: SocketAddr, state: Arc<State>) {
    let mut plan = state.plan.subscribe();
    let refuses =
        |plan: &Option<Plan>| plan.as_ref().is_some_and(|plan| plan.fault == Fault::Refuse && plan.action.is_none());
    loop {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                refused = plan.wait_for(refuses) => {
                    if refused.is_err() {
                        return;
                    }
                    break;
                }
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(serve(stream, Arc::clone(&state)));
                    }
                }
            }
        }
        // Open connections end as well: a service that is gone answers on none.
        drop(connections);
        // The port stays ours: a socket that doesn't listen refuses connections.
        let closed = bound(address);
        drop(listener);
        if plan.wait_for(|plan| !refuses(plan)).await.is_err() {
            return;
        }
        listener = closed.listen(BACKLOG).unwrap();
    }
}

/// Serves the requests of a connection, one after the other.
async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Some(call) = read(&mut stream, &mut buffer).await {
        state.calls.lock().unwrap().push(call.clone());
        let fault = next_fault(&state.plan, &call);
        match fault {
            None => {
                let Some(answer) = pass_on(state.upstream, &call).await else { return reset(&stream) };
                if stream.write_all(&written(&answer)).await.is_err() {
                    return;
                }
            }
            Some(Fault::Refuse | Fault::Reset) => return reset(&stream),
            Some(Fault::Stall) => return std::future::pending().await,
            Some(Fault::CutAnswer) => {
                let Some(answer) = pass_on(state.upstream, &call).await else { return reset(&stream) };
                let bytes = written(&answer);
                // Of an answer without a body the head is cut.
                let end = bytes.len() - answer.body().len().div_ceil(2).max(1);
                let _ = stream.write_all(&bytes[..end]).await;
                let _ = stream.shutdown().await;
                return;
            }
            Some(Fault::DropAnswer) => {
                let _ = pass_on(state.upstream, &call).await;
                return reset(&stream);
            }
            Some(Fault::Answer { status, headers, body }) => {
                let mut answer = Response::builder().status(status);
                for (name, value) in headers {
                    answer = answer.header(name, value);
                }
                if stream.write_all(&written(&answer.body(body).unwrap())).await.is_err() {
                    return;
                }
            }
            Some(Fault::Flood { bytes }) => {
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n");
                let chunk = vec![b' '; 1 << 16];
                let mut left = bytes;
                let mut written = stream.write_all(head.as_bytes()).await;
                while written.is_ok() && left > 0 {
                    let part = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                    written = stream.write_all(&chunk[..part]).await;
                    left -= part as u64;
                }
                return;
            }
        }
    }
}

/// The fault of the call that arrives now.
fn next_fault(plan: &watch::Sender<Option<Plan>>, call: &Call) -> Option<Fault> {
    let mut fault = None;
    plan.send_modify(|plan| {
        if let Some(current) = plan
            && current.action.as_ref().is_none_or(|one| call.action() == Some(one) || call.method == *one)
        {
            if current.skip > 0 {
                current.skip -= 1;
                return;
            }
            fault = Some(current.fault.clone());
            if current.fault == Fault::Refuse {
                current.action = None;
                return;
            }
            current.times = current.times.saturating_sub(1);
            if current.times == 0 {
                *plan = None;
            }
        }
    });
    fault
}
