//! Keys of a key server, kept: fetched when they are needed first, again when they have grown old or when a token
//! names a key that isn't among them, and never by two requests at once.
//!
//! Requests to the key server are limited: a token that the kept keys do not verify, for an unknown key id or for its
//! signature, may cause one fetch a minute, with or without success. The minute starts before the fetch does. So a
//! flood of made-up tokens costs one fetch, also while the server fails or hangs. While it fails, the keys that were
//! fetched before stay in use, for a day at most; and while one request fetches, the others use them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use tokio::sync::{Mutex, RwLock};
use url::Url;

use super::error::{AuthError, TokenError};
use super::jwks_fetch::{FetchKeys, fetch_from};
use super::key_set::KeySet;
use super::token::Token;
use super::verification_keys::algorithm;

/// Time for which keys are used without a refresh.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// Time for which keys are used while the key server fails.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest time between two fetches for tokens that the kept keys do not verify, and after one that failed.
const FETCH_INTERVAL: Duration = Duration::from_secs(60);
/// The shortest time between two fetches while there are no keys at all, and so no token can be verified.
const FIRST_FETCH_INTERVAL: Duration = Duration::from_secs(20);

/// Clock; a test's own goes as fast as the test wants.
pub type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

struct Kept {
    keys: Arc<KeySet>,
    fetched_at: Instant,
}

/// The slot for the next fetch. The holder of its lock fetches.
#[derive(Default)]
struct Slot {
    taken_at: Option<Instant>,
    last_error: Option<String>,
}

/// Condition on the kept keys under which they need not be fetched.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// Any keys.
    Any,
    /// Keys among which is this one.
    Key(&'a str),
    /// Another set than this one, which did not verify a token.
    OtherThan(&'a Arc<KeySet>),
}

impl Wanted<'_> {
    fn is_met_by(self, keys: &Arc<KeySet>) -> bool {
        match self {
            Self::Any => true,
            Self::Key(id) => keys.holds(id),
            Self::OtherThan(tried) => !Arc::ptr_eq(tried, keys),
        }
    }
}

/// The keys of a key server.
pub struct JwksClient {
    fetch: FetchKeys,
    clock: Clock,
    kept: RwLock<Option<Kept>>,
    slot: Mutex<Slot>,
}

impl JwksClient {
    /// Keys of the server at this address. Nothing is fetched yet.
    pub fn of(url: &Url) -> Result<Self, BoxError> {
        Ok(Self::new(fetch_from(url)?))
    }

    /// Keys that `fetch` gets. Nothing is fetched yet.
    #[must_use]
    pub fn new(fetch: FetchKeys) -> Self {
        Self::with_clock(fetch, Box::new(Instant::now))
    }

    /// As [`JwksClient::new`], with another clock.
    #[must_use]
    pub fn with_clock(fetch: FetchKeys, clock: Clock) -> Self {
        Self { fetch, clock, kept: RwLock::default(), slot: Mutex::default() }
    }

    pub(super) async fn warm_up(&self) {
        let mut slot = self.slot.lock().await;
        self.refresh(&mut slot, Wanted::Any).await;
        // A fetch that failed while the function started leaves the slot to the first request.
        slot.taken_at = None;
    }

    /// Verifies a token's signature. Keys that refuse it are fetched again, for an issuer may have put another key under
    /// the id that the token names.
    pub(super) async fn verify(&self, token: &Token<'_>) -> Result<(), AuthError> {
        let keys = self.keys(token.key_id.as_deref().map_or(Wanted::Any, Wanted::Key)).await?;
        let refused = match keys.verify(token) {
            Err(refused @ TokenError::Signature) => refused,
            // A key of another type may have come under this id; no key comes for an algorithm that is never accepted.
            Err(refused @ TokenError::Algorithm) if algorithm(&token.algorithm).is_some() => refused,
            result => return Ok(result?),
        };
        match self.keys(Wanted::OtherThan(&keys)).await {
            Ok(newer) if !Arc::ptr_eq(&newer, &keys) => Ok(newer.verify(token)?),
            _ => Err(refused.into()),
        }
    }

    /// The keys, fetched if those that are kept are old or not as wanted and it is time to.
    async fn keys(&self, wanted: Wanted<'_>) -> Result<Arc<KeySet>, AuthError> {
        if let Some(keys) = self.kept(FRESH, wanted).await {
            return Ok(keys);
        }
        let mut slot = match self.slot.try_lock() {
            Ok(slot) => slot,
            Err(_) => {
                // Another request fetches already: old keys that are as wanted do until it is done.
                if let Some(keys) = self.kept(USABLE, wanted).await {
                    return Ok(keys);
                }
                self.slot.lock().await
            }
        };
        self.refresh(&mut slot, wanted).await;
        let error = slot.last_error.clone();
        drop(slot);
        let keys = self.kept(USABLE, Wanted::Any).await;
        keys.ok_or_else(|| AuthError::Keys(error.unwrap_or_else(|| "none were fetched yet".to_owned())))
    }

    /// The keys that are there, if they are younger than `age` and as wanted.
    async fn kept(&self, age: Duration, wanted: Wanted<'_>) -> Option<Arc<KeySet>> {
        let now = (self.clock)();
        let kept = self.kept.read().await;
        let kept = kept.as_ref().filter(|kept| now.duration_since(kept.fetched_at) < age)?;
        wanted.is_met_by(&kept.keys).then(|| Arc::clone(&kept.keys))
    }

    /// Fetches, if it is time to.
    async fn refresh(&self, slot: &mut Slot, wanted: Wanted<'_>) {
        // The former holder of the lock may have fetched the needed keys.
        if self.kept(FRESH, wanted).await.is_some() {
            return;
        }
        let now = (self.clock)();
        let any = self.kept(USABLE, Wanted::Any).await.is_some();
        let interval = if any { FETCH_INTERVAL } else { FIRST_FETCH_INTERVAL };
        if slot.taken_at.is_some_and(|at| now.duration_since(at) < interval) {
            return;
        }
        let due = self.kept(FRESH, Wanted::Any).await.is_none();
        // Taken before the fetch starts. The request may be dropped while it fetches, and the slot stays taken.
        slot.taken_at = Some(now);
        slot.last_error = Some("the last fetch was not finished".to_owned());
        let fetched = (self.fetch)().await;
        match fetched.and_then(|text| KeySet::from_jwks(&text).map_err(|error| error.to_string())) {
            Ok(keys) => {
                let keys = Arc::new(keys);
                // A fetch that was due anyway leaves the minute's fetch for a token that is not verified, unless it was
                // that too.
                if due && wanted.is_met_by(&keys) {
                    slot.taken_at = None;
                }
                slot.last_error = None;
                *self.kept.write().await = Some(Kept { keys, fetched_at: (self.clock)() });
            }
            Err(error) => {
                tracing::warn!(error, "token keys could not be fetched");
                slot.last_error = Some(error);
            }
        }
    }
}

impl fmt::Debug for JwksClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksClient").finish_non_exhaustive()
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
        fn new() -> (Self, JwksClient) {
            Self::with(SET)
        }

        fn with(set: &'static str) -> (Self, JwksClient) {
            let world =
                Self { now: Arc::new(Lock::new(Instant::now())), failing: Arc::default(), fetches: Arc::default() };
            let (server, clock) = (world.clone(), Arc::clone(&world.now));
            let fetch: FetchKeys = Box::new(move || {
                server.fetches.fetch_add(1, Ordering::Relaxed);
                let failing = *server.failing.lock().unwrap_or_else(PoisonError::into_inner);
                Box::pin(async move { if failing { Err("it fails".to_owned()) } else { Ok(set.to_owned()) } })
            });
            let clock: Clock = Box::new(move || *clock.lock().unwrap_or_else(PoisonError::into_inner));
            (world, JwksClient::with_clock(fetch, clock))
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
        keys.keys(Wanted::Key("k")).await.unwrap();
        world.after(599);
        keys.keys(Wanted::Key("k")).await.unwrap();
        assert_eq!(world.fetches(), 1);
        world.after(1);
        keys.keys(Wanted::Key("k")).await.unwrap();
        assert_eq!(world.fetches(), 2);
    }

    #[tokio::test]
    async fn keys_without_an_id_are_kept_whatever_id_a_token_names() {
        let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let (world, keys) = World::with(set);
        for wanted in [Wanted::Any, Wanted::Key("one"), Wanted::Key("another")] {
            keys.keys(wanted).await.unwrap();
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
        keys.keys(Wanted::Key("k")).await.unwrap();
        assert_eq!(world.fetches(), 2);
    }

    #[tokio::test]
    async fn old_keys_stay_in_use_for_a_day_while_the_server_fails() {
        let (world, keys) = World::new();
        keys.keys(Wanted::Key("k")).await.unwrap();
        world.fail(true);
        world.after(24 * 3600 - 1);
        assert!(keys.keys(Wanted::Key("k")).await.unwrap().holds("k"));
        world.after(60);
        assert_eq!(keys.keys(Wanted::Key("k")).await.unwrap_err(), AuthError::Keys("it fails".to_owned()));
    }

    #[tokio::test]
    async fn a_failing_server_is_asked_once_a_minute_for_keys_that_grew_old() {
        let (world, keys) = World::new();
        keys.keys(Wanted::Key("k")).await.unwrap();
        world.fail(true);
        world.after(600);
        for _ in 0..120 {
            keys.keys(Wanted::Key("k")).await.unwrap();
            world.after(1);
        }
        assert_eq!(world.fetches(), 3);
    }

    #[tokio::test]
    async fn an_unknown_key_id_may_cause_a_fetch_again_after_a_minute() {
        let (world, keys) = World::new();
        keys.keys(Wanted::Key("k")).await.unwrap();
        for (seconds, fetches) in [(0, 2), (59, 2), (1, 3)] {
            world.after(seconds);
            keys.keys(Wanted::Key("unknown")).await.unwrap();
            assert_eq!(world.fetches(), fetches, "after {seconds} more seconds");
        }
    }

    #[tokio::test]
    async fn a_first_fetch_that_failed_is_tried_again_after_twenty_seconds() {
        let (world, keys) = World::new();
        world.fail(true);
        keys.keys(Wanted::Key("k")).await.unwrap_err();
        world.fail(false);
        world.after(19);
        keys.keys(Wanted::Key("k")).await.unwrap_err();
        world.after(1);
        keys.keys(Wanted::Key("k")).await.unwrap();
        assert_eq!(world.fetches(), 2);
    }
}
