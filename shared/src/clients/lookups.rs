//! Names of servers, looked up by the operating system. A lookup takes a thread and, on a network, a round trip: those of
//! the servers that a function will speak to begin before the root certificates are read, not after.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use url::{Host, Url};

/// How long after it was begun a lookup may be asked for: what it found can change.
const FRESH: Duration = Duration::from_secs(5);

/// Lookups, each for the next connection to a server of that name.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookups {
    begun: Arc<Mutex<Vec<Begun>>>,
}

/// A lookup on its way.
#[derive(Debug)]
struct Begun {
    name: String,
    at: Instant,
    found: JoinHandle<io::Result<Vec<IpAddr>>>,
}

impl Begun {
    fn new(runtime: &Handle, name: &str) -> Self {
        let name = name.to_owned();
        let asked = name.clone();
        let look_up = move || Ok((asked.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect());
        Self { name, at: Instant::now(), found: runtime.spawn_blocking(look_up) }
    }
}

impl Lookups {
    /// Begins to look up the name of a server, where a tokio runtime runs. An address in numbers has no name.
    pub(super) fn begin(&self, server: &Url) {
        if let (Some(Host::Domain(name)), Ok(runtime)) = (server.host(), Handle::try_current()) {
            let begun = Begun::new(&runtime, name);
            self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(begun);
        }
    }

    /// What was begun for this name, which is then the caller's.
    fn take(&self, name: &str) -> Option<Begun> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|lookup| lookup.at.elapsed() < FRESH);
        let at = begun.iter().position(|lookup| lookup.name == name)?;
        Some(begun.swap_remove(at))
    }
}

impl ResolveDns for Lookups {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let lookup = self.take(name);
        DnsFuture::new(async move {
            let lookup = lookup.unwrap_or_else(|| Begun::new(&Handle::current(), name));
            lookup.found.await.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(lookups: &Lookups) -> usize {
        lookups.begun.lock().unwrap().len()
    }

    #[tokio::test]
    async fn a_lookup_that_was_begun_serves_one_connection() {
        let lookups = Lookups::default();
        lookups.begin(&"https://localhost:8000/".parse().unwrap());
        assert_eq!(begun(&lookups), 1);
        for _ in 0..2 {
            let found = lookups.resolve_dns("localhost").await.unwrap();
            assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
            assert_eq!(begun(&lookups), 0);
        }
    }

    #[tokio::test]
    async fn two_servers_of_one_name_have_a_lookup_each() {
        let lookups = Lookups::default();
        lookups.begin(&"https://localhost:8000/".parse().unwrap());
        lookups.begin(&"https://localhost:8001/".parse().unwrap());
        assert!(lookups.resolve_dns("localhost").await.is_ok());
        assert_eq!(begun(&lookups), 1);
    }

    #[tokio::test]
    async fn an_address_in_numbers_is_not_looked_up() {
        let lookups = Lookups::default();
        lookups.begin(&"https://127.0.0.1:8000/".parse().unwrap());
        lookups.begin(&"https://[::1]:8000/".parse().unwrap());
        assert_eq!(begun(&lookups), 0);
    }

    #[tokio::test]
    async fn what_was_found_long_ago_is_not_used() {
        let lookups = Lookups::default();
        let elsewhere = tokio::spawn(async { Ok(vec![IpAddr::from([192, 0, 2, 1])]) });
        let long_ago = Instant::now().checked_sub(FRESH).unwrap();
        lookups.begun.lock().unwrap().push(Begun { name: "localhost".to_owned(), at: long_ago, found: elsewhere });
        let found = lookups.resolve_dns("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[test]
    fn without_a_runtime_nothing_is_begun() {
        let lookups = Lookups::default();
        lookups.begin(&"https://localhost:8000/".parse().unwrap());
        assert_eq!(begun(&lookups), 0);
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_an_error_and_asked_for_again() {
        let lookups = Lookups::default();
        lookups.begin(&"https://nobody.invalid/".parse().unwrap());
        assert!(lookups.resolve_dns("nobody.invalid").await.is_err());
        assert!(lookups.resolve_dns("nobody.invalid").await.is_err());
    }
}
