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

/// Time after its start during which a lookup may be used: its result can change.
const FRESH: Duration = Duration::from_secs(5);

/// Lookups of names, each for the next connection to a server of that name.
#[derive(Debug, Clone, Default)]
pub(super) struct DnsPrefetch {
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

impl DnsPrefetch {
    /// Begins to look up the names of these servers, where a tokio runtime runs. An address in numbers has no name.
    pub(super) fn of<'a>(servers: impl IntoIterator<Item = &'a Url>) -> Self {
        let Ok(runtime) = Handle::try_current() else { return Self::default() };
        let begin = |server: &Url| match server.host() {
            Some(Host::Domain(name)) => Some(Begun::new(&runtime, name)),
            _ => None,
        };
        Self { begun: Arc::new(Mutex::new(servers.into_iter().filter_map(begin).collect())) }
    }

    /// Lookup that was begun for this name, which is then the caller's.
    fn take(&self, name: &str) -> Option<Begun> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|lookup| lookup.at.elapsed() < FRESH);
        let at = begun.iter().position(|lookup| lookup.name == name)?;
        Some(begun.swap_remove(at))
    }
}

impl ResolveDns for DnsPrefetch {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let lookup = self.take(name);
        DnsFuture::new(async move {
            let lookup = lookup.unwrap_or_else(|| Begun::new(&Handle::current(), name));
            lookup.found.await.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)
        })
    }
}

#[cfg(test)]
impl DnsPrefetch {
    /// With a lookup of this name, within a tokio runtime, that found this address.
    pub(super) fn with(name: &str, address: IpAddr) -> Self {
        let dns = Self::default();
        let found = tokio::spawn(async move { Ok(vec![address]) });
        dns.begun.lock().unwrap().push(Begun { name: name.to_owned(), at: Instant::now(), found });
        dns
    }

    /// Number of begun lookups that nobody has asked for.
    pub(super) fn begun(&self) -> usize {
        self.begun.lock().unwrap().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_lookup_that_was_begun_serves_one_connection() {
        let dns = DnsPrefetch::of([&url("https://localhost:8000/")]);
        assert_eq!(dns.begun(), 1);
        for _ in 0..2 {
            let found = dns.resolve_dns("localhost").await.unwrap();
            assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
            assert_eq!(dns.begun(), 0);
        }
    }

    #[tokio::test]
    async fn two_servers_of_one_name_have_a_lookup_each() {
        let dns = DnsPrefetch::of([&url("https://localhost:8000/"), &url("https://localhost:8001/")]);
        assert!(dns.resolve_dns("localhost").await.is_ok());
        assert_eq!(dns.begun(), 1);
    }

    #[tokio::test]
    async fn an_address_in_numbers_is_not_looked_up() {
        let dns = DnsPrefetch::of([&url("https://127.0.0.1:8000/"), &url("https://[::1]:8000/")]);
        assert_eq!(dns.begun(), 0);
    }

    #[tokio::test]
    async fn what_was_found_long_ago_is_not_used() {
        let dns = DnsPrefetch::with("localhost", IpAddr::from([192, 0, 2, 1]));
        dns.begun.lock().unwrap()[0].at = Instant::now().checked_sub(FRESH).unwrap();
        let found = dns.resolve_dns("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[test]
    fn without_a_runtime_nothing_is_begun() {
        assert_eq!(DnsPrefetch::of([&url("https://localhost:8000/")]).begun(), 0);
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_an_error_and_asked_for_again() {
        let dns = DnsPrefetch::of([&url("https://nobody.invalid/")]);
        assert!(dns.resolve_dns("nobody.invalid").await.is_err());
        assert!(dns.resolve_dns("nobody.invalid").await.is_err());
    }
}
