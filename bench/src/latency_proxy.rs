//! Proxy that delays the bytes to a service: each byte arrives so much later, and as many can be on the way as are
//! sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Delay of a byte in each direction: the services are in the function's region, in another building.
pub const DELAY: Duration = Duration::from_millis(1);

/// Listens on a port of this machine and passes connections on to another address, each byte delayed both ways. A
/// kernel opens loopback connections without delay; the first bytes of a client wait for the round trip that opening one
/// takes elsewhere.
pub fn listen(to: SocketAddr) -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("a port for a service: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    // Threads rather than tasks: the timers of the async runtime are as coarse as the delay.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A service that isn't there closes the connection, as it would without a delay.
            if let Ok(service) = TcpStream::connect(to) {
                let _ = join(client, service);
            }
        }
    });
    Ok(port)
}

fn join(client: TcpStream, service: TcpStream) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    service.set_nodelay(true)?;
    forward(client.try_clone()?, service.try_clone()?, 2 * DELAY);
    forward(service, client, Duration::ZERO);
    Ok(())
}

/// Passes bytes on in one direction. The first bytes wait longer by `at_first`.
fn forward(mut from: TcpStream, mut to: TcpStream, mut at_first: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            let due = Instant::now() + DELAY + std::mem::take(&mut at_first);
            if sender.send((due, chunk[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, chunk) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&chunk).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line before a server that echoes.
    fn echo() -> TcpStream {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listen(server.local_addr().unwrap()).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut copy = stream.try_clone().unwrap();
            std::io::copy(&mut stream, &mut copy).unwrap();
            let _ = copy.shutdown(Shutdown::Write);
        });
        TcpStream::connect(("127.0.0.1", port)).unwrap()
    }

    fn round_trip(stream: &mut TcpStream) -> Duration {
        let started = Instant::now();
        stream.write_all(b"ping").unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
        started.elapsed()
    }

    #[test]
    fn each_way_takes_its_time_and_the_first_one_that_of_opening() {
        let mut stream = echo();
        assert!(round_trip(&mut stream) >= 4 * DELAY);
        assert!(round_trip(&mut stream) >= 2 * DELAY);
    }

    #[test]
    fn many_bytes_are_delayed_together_and_arrive_whole() {
        let mut stream = echo();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut writer = stream.try_clone().unwrap();
        let copy = sent.clone();
        thread::spawn(move || {
            writer.write_all(&copy).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        assert!(received == sent);
    }
}
