//! Keys of a key server, kept: fetched when they are needed first, again when they have grown old or when a token
//! names a key that isn't among them, and never by two requests at once.
//!
//! The key server is asked no more often than its part of the bargain needs: an unknown key id may cause one fetch a
//! minute, whatever becomes of it, and the minute starts before the fetch does. So a flood of made-up tokens costs one
//! fetch, also while the server fails or hangs. While it fails, the keys that were fetched before stay in use, for a
//! day at most.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, RwLock};

use super::error::AuthFault;
use super::keys::KeySet;

/// How long keys are used without asking again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long keys are used while the key server fails.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest time between two fetches.
const FETCH_INTERVAL: Duration = Duration::from_secs(60);

/// Fetches a key set's text; the error is for the log.
pub type FetchKeys = Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

struct Kept {
    keys: Arc<KeySet>,
    fetched_at: Instant,
}

/// The slot for the next fetch. Whoever holds its lock fetches.
#[derive(Default)]
struct Slot {
    taken_at: Option<Instant>,
    last_error: Option<String>,
}

/// The keys of a key server.
pub struct RemoteKeys {
    fetch: FetchKeys,
    kept: RwLock<Option<Kept>>,
    slot: Mutex<Slot>,
}

impl RemoteKeys {
    /// Keys that `fetch` gets. Nothing is fetched yet.
    #[must_use]
    pub fn new(fetch: FetchKeys) -> Self {
        Self { fetch, kept: RwLock::default(), slot: Mutex::default() }
    }

    pub(super) async fn warm_up(&self) {
        self.refresh(None).await;
    }

    /// The keys to verify a token with that names `key_id`.
    pub(super) async fn keys_for(&self, key_id: Option<&str>) -> Result<Arc<KeySet>, AuthFault> {
        if let Some(keys) = self.suitable(key_id).await {
            return Ok(keys);
        }
        let error = self.refresh(key_id).await;
        let kept = self.kept.read().await;
        match kept.as_ref().filter(|kept| kept.fetched_at.elapsed() < USABLE) {
            Some(kept) => Ok(Arc::clone(&kept.keys)),
            None => Err(AuthFault::Keys(error.unwrap_or_else(|| "none were fetched yet".to_owned()))),
        }
    }

    /// Keys that need no fetch: fresh ones that hold the named key.
    async fn suitable(&self, key_id: Option<&str>) -> Option<Arc<KeySet>> {
        let kept = self.kept.read().await;
        let kept = kept.as_ref().filter(|kept| kept.fetched_at.elapsed() < FRESH)?;
        key_id.is_none_or(|id| kept.keys.holds(id)).then(|| Arc::clone(&kept.keys))
    }

    /// Fetches, if it is time to; says why there are no new keys.
    async fn refresh(&self, key_id: Option<&str>) -> Option<String> {
        let mut slot = self.slot.lock().await;
        // Whoever held the lock before may have fetched what is needed.
        if self.suitable(key_id).await.is_some() {
            return None;
        }
        if slot.taken_at.is_some_and(|at| at.elapsed() < FETCH_INTERVAL) {
            return slot.last_error.clone();
        }
        // Taken before the fetch starts. The request may be dropped while it fetches, and the slot stays taken.
        slot.taken_at = Some(Instant::now());
        slot.last_error = Some("the last fetch was not finished".to_owned());
        let fetched = (self.fetch)().await;
        slot.last_error = match fetched.and_then(|text| KeySet::from_jwks(&text).map_err(|error| error.to_string())) {
            Ok(keys) => {
                *self.kept.write().await = Some(Kept { keys: Arc::new(keys), fetched_at: Instant::now() });
                None
            }
            Err(error) => {
                tracing::warn!(error, "token keys could not be fetched");
                Some(error)
            }
        };
        slot.last_error.clone()
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").finish_non_exhaustive()
    }
}
