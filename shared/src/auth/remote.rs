//! Keys of a key server, kept: fetched when they are needed first, again when they have grown old or when a token
//! names a key that isn't among them, and never by two requests at once.
//!
//! The key server is asked no more often than its part of the bargain needs: an unknown key id may cause one fetch a
//! minute, whatever becomes of it, and the minute starts before the fetch does. So a flood of made-up tokens costs one
//! fetch, also while the server fails or hangs. While it fails, the keys that were fetched before stay in use, for a
//! day at most; and while one request fetches, the others use them.

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
/// The shortest time between two fetches for unknown key ids, and after one that failed.
const FETCH_INTERVAL: Duration = Duration::from_secs(60);
/// The shortest time between two fetches while there are no keys at all, and so no token can be verified.
const FIRST_FETCH_INTERVAL: Duration = Duration::from_secs(20);

/// Fetches a key set's text; the error is for the log.
pub type FetchKeys = Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What tells the time; a test's own goes as fast as the test wants.
pub type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

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
    clock: Clock,
    kept: RwLock<Option<Kept>>,
    slot: Mutex<Slot>,
}

impl RemoteKeys {
    /// Keys that `fetch` gets. Nothing is fetched yet.
    #[must_use]
    pub fn new(fetch: FetchKeys) -> Self {
        Self::with_clock(fetch, Box::new(Instant::now))
    }

    /// As [`RemoteKeys::new`], with another clock.
    #[must_use]
    pub fn with_clock(fetch: FetchKeys, clock: Clock) -> Self {
        Self { fetch, clock, kept: RwLock::default(), slot: Mutex::default() }
    }

    pub(super) async fn warm_up(&self) {
        let mut slot = self.slot.lock().await;
        self.refresh(&mut slot, None).await;
        // A fetch that failed while the function started leaves the slot to the first request.
        slot.taken_at = None;
    }

    /// The keys to verify a token with that names `key_id`.
    pub(super) async fn keys_for(&self, key_id: Option<&str>) -> Result<Arc<KeySet>, AuthFault> {
        if let Some(keys) = self.kept(FRESH, key_id).await {
            return Ok(keys);
        }
        let mut slot = match self.slot.try_lock() {
            Ok(slot) => slot,
            Err(_) => {
                // Another request fetches already: old keys that hold the named one do until it is done.
                if let Some(keys) = self.kept(USABLE, key_id).await {
                    return Ok(keys);
                }
                self.slot.lock().await
            }
        };
        self.refresh(&mut slot, key_id).await;
        let error = slot.last_error.clone();
        drop(slot);
        let keys = self.kept(USABLE, None).await;
        keys.ok_or_else(|| AuthFault::Keys(error.unwrap_or_else(|| "none were fetched yet".to_owned())))
    }

    /// The keys that are there, if they are younger than `age` and hold the named one.
    async fn kept(&self, age: Duration, key_id: Option<&str>) -> Option<Arc<KeySet>> {
        let now = (self.clock)();
        let kept = self.kept.read().await;
        let kept = kept.as_ref().filter(|kept| now.duration_since(kept.fetched_at) < age)?;
        key_id.is_none_or(|id| kept.keys.holds(id)).then(|| Arc::clone(&kept.keys))
    }

    /// Fetches, if it is time to.
    async fn refresh(&self, slot: &mut Slot, key_id: Option<&str>) {
        // Whoever held the lock before may have fetched what is needed.
        if self.kept(FRESH, key_id).await.is_some() {
            return;
        }
        let now = (self.clock)();
        let interval = if self.kept(USABLE, None).await.is_some() { FETCH_INTERVAL } else { FIRST_FETCH_INTERVAL };
        if slot.taken_at.is_some_and(|at| now.duration_since(at) < interval) {
            return;
        }
        let due = self.kept(FRESH, None).await.is_none();
        // Taken before the fetch starts. The request may be dropped while it fetches, and the slot stays taken.
        slot.taken_at = Some(now);
        slot.last_error = Some("the last fetch was not finished".to_owned());
        let fetched = (self.fetch)().await;
        match fetched.and_then(|text| KeySet::from_jwks(&text).map_err(|error| error.to_string())) {
            Ok(keys) => {
                // A fetch that was due anyway leaves the minute's fetch for an unknown key id, unless it was that too.
                if due && key_id.is_none_or(|id| keys.holds(id)) {
                    slot.taken_at = None;
                }
                slot.last_error = None;
                *self.kept.write().await = Some(Kept { keys: Arc::new(keys), fetched_at: (self.clock)() });
            }
            Err(error) => {
                tracing::warn!(error, "token keys could not be fetched");
                slot.last_error = Some(error);
            }
        }
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex as Lock, PoisonError};

    use super::*;

    const SET: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// A key server that can be made to fail, and a clock that can be put forward.
    #[derive(Clone)]
    struct World {
        now: Arc<Lock<Instant>>,
        failing: Arc<Lock<bool>>,
        fetches: Arc<AtomicU32>,
    }

    impl World {
        fn new() -> (Self, RemoteKeys) {
            Self::with(SET)
        }

        fn with(set: &'static str) -> (Self, RemoteKeys) {
            let world =
                Self { now: Arc::new(Lock::new(Instant::now())), failing: Arc::default(), fetches: Arc::default() };
            let (server, clock) = (world.clone(), Arc::clone(&world.now));
            let fetch: FetchKeys = Box::new(move || {
                server.fetches.fetch_add(1, Ordering::Relaxed);
                let failing = *server.failing.lock().unwrap_or_else(PoisonError::into_inner);
                Box::pin(async move { if failing { Err("it fails".to_owned()) } else { Ok(set.to_owned()) } })
            });
            let clock: Clock = Box::new(move || *clock.lock().unwrap_or_else(PoisonError::into_inner));
            (world, RemoteKeys::with_clock(fetch, clock))
        }

        fn after(&self, seconds: u64) {
            *self.now.lock().unwrap() += Duration::from_secs(seconds);
        }

        fn fail(&self, failing: bool) {
            *self.failing.lock().unwrap() = failing;
        }

        fn fetches(&self) -> u32 {
            self.fetches.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn keys_are_fetched_again_after_ten_minutes_and_not_before() {
        let (world, keys) = World::new();
        keys.keys_for(Some("k")).await.unwrap();
        world.after(599);
        keys.keys_for(Some("k")).await.unwrap();
        assert_eq!(world.fetches(), 1);
        world.after(1);
        keys.keys_for(Some("k")).await.unwrap();
        assert_eq!(world.fetches(), 2);
    }

    #[tokio::test]
    async fn keys_without_an_id_are_kept_whatever_id_a_token_names() {
        let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let (world, keys) = World::with(set);
        for id in [None, Some("one"), Some("another")] {
            keys.keys_for(id).await.unwrap();
            world.after(61);
        }
        assert_eq!(world.fetches(), 1);
    }

    #[tokio::test]
    async fn a_fetch_that_failed_at_the_start_is_tried_again_by_the_first_request() {
        let (world, keys) = World::new();
        world.fail(true);
        keys.warm_up().await;
        world.fail(false);
        keys.keys_for(Some("k")).await.unwrap();
        assert_eq!(world.fetches(), 2);
    }

    #[tokio::test]
    async fn old_keys_stay_in_use_for_a_day_while_the_server_fails() {
        let (world, keys) = World::new();
        keys.keys_for(Some("k")).await.unwrap();
        world.fail(true);
        world.after(24 * 3600 - 1);
        assert!(keys.keys_for(Some("k")).await.unwrap().holds("k"));
        world.after(60);
        assert_eq!(keys.keys_for(Some("k")).await.unwrap_err(), AuthFault::Keys("it fails".to_owned()));
    }

    #[tokio::test]
    async fn a_failing_server_is_asked_once_a_minute_for_keys_that_grew_old() {
        let (world, keys) = World::new();
        keys.keys_for(Some("k")).await.unwrap();
        world.fail(true);
        world.after(600);
        for _ in 0..120 {
            keys.keys_for(Some("k")).await.unwrap();
            world.after(1);
        }
        assert_eq!(world.fetches(), 3);
    }

    #[tokio::test]
    async fn an_unknown_key_id_may_cause_a_fetch_again_after_a_minute() {
        let (world, keys) = World::new();
        keys.keys_for(Some("k")).await.unwrap();
        for (seconds, fetches) in [(0, 2), (59, 2), (1, 3)] {
            world.after(seconds);
            keys.keys_for(Some("unknown")).await.unwrap();
            assert_eq!(world.fetches(), fetches, "after {seconds} more seconds");
        }
    }

    #[tokio::test]
    async fn a_first_fetch_that_failed_is_tried_again_after_twenty_seconds() {
        let (world, keys) = World::new();
        world.fail(true);
        keys.keys_for(Some("k")).await.unwrap_err();
        world.fail(false);
        world.after(19);
        keys.keys_for(Some("k")).await.unwrap_err();
        world.after(1);
        keys.keys_for(Some("k")).await.unwrap();
        assert_eq!(world.fetches(), 2);
    }
}
