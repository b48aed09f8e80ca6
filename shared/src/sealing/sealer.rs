//! Sealer, with its rule of the keyring's age.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;

use super::keyring::{Keyring, KeyringError};
use super::keyring_source::KeyringSource;
use super::seal::{self, OpenError, SealError};
use super::zeroizing_bytes::ZeroizingBytes;

/// Time between two reads of the keyring that headers with an unknown key cause.
const REREAD_INTERVAL: Duration = Duration::from_secs(60);

/// Error of a sealer.
#[derive(Debug, thiserror::Error)]
pub enum SealerError {
    /// The source gave no keyring. The text is for the log.
    #[error("the keyring could not be read: {0}")]
    Source(String),
    /// The source gave something else.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The sealed bytes did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A keyring that was read.
#[derive(Clone)]
struct Known {
    keyring: Arc<Keyring>,
    /// Time at which the read began, by the wall clock: a sandbox that is frozen has no other that goes on.
    read_at: SystemTime,
}

/// State that a sealer shares with its refresh.
struct Shared {
    source: Box<dyn KeyringSource>,
    max_age: Duration,
    clock: fn() -> SystemTime,
    known: std::sync::Mutex<Option<Known>>,
    /// Held during a read, so that there is one at a time. Time of the last read that an unknown key caused.
    reading: tokio::sync::Mutex<Option<SystemTime>>,
    refresh: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Seals and opens with a keyring of limited age.
///
/// Opening uses a keyring of any age; a header that names an unknown key causes a read, at most one a minute. Sealing
/// needs a keyring that was read at most the maximum age ago, so that a key that stopped being current can be retired
/// once that time is over: past half of it the keyring is refreshed beside the request, past all of it it is read
/// first. A read that failed is tried again by the next request.
pub struct Sealer(Arc<Shared>);

impl Sealer {
    /// A sealer that has not read its keyring yet; `max_age` is the longest time for which a keyring seals.
    #[must_use]
    pub fn new(source: Box<dyn KeyringSource>, max_age: Duration) -> Self {
        Self::with_clock(source, max_age, SystemTime::now)
    }

    fn with_clock(source: Box<dyn KeyringSource>, max_age: Duration, clock: fn() -> SystemTime) -> Self {
        let (known, reading, refresh) = Default::default();
        Self(Arc::new(Shared { source, max_age, clock, known, reading, refresh }))
    }

    /// Seals with the current key.
    ///
    /// # Errors
    /// [`SealerError`] if there is no keyring that is young enough, or no randomness.
    pub async fn seal(&self, owner: &str, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealerError> {
        Ok(seal::seal(&*self.keyring_to_seal().await?, owner, aad, plaintext)?)
    }

    /// Opens with the key that the header names.
    ///
    /// # Errors
    /// [`SealerError`] if there is no keyring, or the bytes don't open with it.
    pub async fn open(&self, owner: &str, aad: &[u8], sealed: &[u8]) -> Result<ZeroizingBytes, SealerError> {
        let opened = match seal::open(&*self.keyring().await?, owner, aad, sealed) {
            Err(OpenError::UnknownKey(_)) => seal::open(&*self.reread().await?, owner, aad, sealed),
            other => other,
        };
        Ok(opened?)
    }

    /// The keyring, read if it wasn't yet. Worth calling while a function starts.
    ///
    /// # Errors
    /// [`SealerError`] if the source gives none.
    pub async fn keyring(&self) -> Result<Arc<Keyring>, SealerError> {
        match self.0.known() {
            Some(known) => Ok(known.keyring),
            None => self.0.read_unless_younger(Duration::MAX).await,
        }
    }

    async fn keyring_to_seal(&self) -> Result<Arc<Keyring>, SealerError> {
        let max_age = self.0.max_age;
        if let Some(known) = self.0.known() {
            let age = self.0.age(&known);
            if age <= max_age {
                if age > max_age / 2 {
                    self.refresh();
                }
                return Ok(known.keyring);
            }
            self.give_up_refresh();
        }
        self.0.read_unless_younger(max_age).await
    }

    /// Begins a refresh that no request waits for, unless one is under way.
    fn refresh(&self) {
        let mut refresh = self.0.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        if refresh.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let shared = Arc::clone(&self.0);
        *refresh = Some(tokio::spawn(async move {
            if let Err(error) = shared.read_unless_younger(shared.max_age / 2).await {
                tracing::warn!(error = error.to_string(), "the keyring could not be refreshed");
            }
        }));
    }

    /// Ends a refresh that somebody would have to wait for: the sandbox may have been frozen since it began, and its
    /// connection be dead.
    fn give_up_refresh(&self) {
        if let Some(task) = self.0.refresh.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// Reads the keyring again, unless an unknown key caused that a moment ago.
    async fn reread(&self) -> Result<Arc<Keyring>, SealerError> {
        self.give_up_refresh();
        let mut last = self.0.reading.lock().await;
        let now = (self.0.clock)();
        // A keyring that may be replaced more often than once a minute is also asked for more often.
        let interval = REREAD_INTERVAL.min(self.0.max_age);
        if last.is_some_and(|at| now.duration_since(at).is_ok_and(|since| since < interval))
            && let Some(known) = self.0.known()
        {
            // Another request may have read the key in the meantime.
            return Ok(known.keyring);
        }
        // Taken before the read starts: a failing source is asked no more often than a working one.
        *last = Some(now);
        self.0.read().await
    }
}

impl Shared {
    fn known(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Time since a keyring was read. A clock that went back makes it as old as can be.
    fn age(&self, known: &Known) -> Duration {
        (self.clock)().duration_since(known.read_at).unwrap_or(Duration::MAX)
    }

    /// The keyring that is known, if it is at most this old when no read is under way any more; else a new one.
    async fn read_unless_younger(&self, age: Duration) -> Result<Arc<Keyring>, SealerError> {
        let _reading = self.reading.lock().await;
        match self.known().filter(|known| self.age(known) <= age) {
            Some(known) => Ok(known.keyring),
            None => self.read().await,
        }
    }

    /// Reads the keyring; the caller holds `reading`.
    async fn read(&self) -> Result<Arc<Keyring>, SealerError> {
        let read_at = (self.clock)();
        let text = self.source.read().await.map_err(SealerError::Source)?;
        let keyring = Arc::new(Keyring::parse(&text)?);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Known { keyring: Arc::clone(&keyring), read_at });
        Ok(keyring)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("max_age", &self.0.max_age).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use futures_util::future::BoxFuture;
    use zeroize::Zeroizing;

    use super::super::keyring_source::KeyringText;
    use super::*;

    const OLD: &str = r#"{"v":1,"current":"old","keys":{"old":"old-0123456789-old-0123456789-old-0123456789-old"}}"#;
    const BOTH: &str = r#"{"v":1,"current":"new","keys":{"old":"old-0123456789-old-0123456789-old-0123456789-old","new":"new-0123456789-new-0123456789-new-0123456789-new"}}"#;

    const MAX_AGE: Duration = Duration::from_secs(600);

    thread_local! {
        static NOW: Cell<SystemTime> = Cell::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    }

    fn after(seconds: u64) {
        NOW.with(|now| now.set(now.get() + Duration::from_secs(seconds)));
    }

    fn back(seconds: u64) {
        NOW.with(|now| now.set(now.get() - Duration::from_secs(seconds)));
    }

    /// A source with a keyring and a state that a test changes.
    #[derive(Clone, Default)]
    struct Source(Arc<Mutex<Script>>);

    #[derive(Default)]
    struct Script {
        keyring: Option<&'static str>,
        reads: u32,
        hangs: bool,
    }

    impl Source {
        fn sealer(&self, max_age: Duration) -> Sealer {
            Sealer::with_clock(Box::new(self.clone()), max_age, || NOW.with(Cell::get))
        }

        fn gives(&self, keyring: &'static str) {
            self.0.lock().unwrap().keyring = Some(keyring);
        }

        fn fails(&self) {
            self.0.lock().unwrap().keyring = None;
        }

        fn hangs(&self, hangs: bool) {
            self.0.lock().unwrap().hangs = hangs;
        }

        fn reads(&self) -> u32 {
            self.0.lock().unwrap().reads
        }
    }

    impl KeyringSource for Source {
        fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>> {
            let (keyring, hangs) = {
                let mut script = self.0.lock().unwrap();
                script.reads += 1;
                (script.keyring, script.hangs)
            };
            Box::pin(async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                keyring.map(|text| Zeroizing::new(text.to_owned())).ok_or_else(|| "it fails".to_owned())
            })
        }
    }

    async fn key_of_a_new_seal(sealer: &Sealer) -> Result<String, SealerError> {
        let sealed = sealer.seal("alice", b"c", b"plain").await?;
        let without_key = Keyring::parse(
            r#"{"v":1,"current":"none","keys":{"none":"0123456789-0123456789-0123456789-0123456789"}}"#,
        )?;
        let Err(OpenError::UnknownKey(id)) = seal::open(&without_key, "alice", b"c", &sealed) else {
            return Ok("none".to_owned());
        };
        Ok(id)
    }

    /// Lets a task that was spawned run until it waits.
    async fn let_others_run() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_keyring_up_to_half_of_the_maximum_age_seals_without_a_read() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        key_of_a_new_seal(&sealer).await.unwrap();
        after(300);
        key_of_a_new_seal(&sealer).await.unwrap();
        let_others_run().await;
        assert_eq!(source.reads(), 1);
    }

    #[tokio::test]
    async fn past_half_of_the_maximum_age_a_seal_waits_for_no_read_and_the_next_one_has_the_new_key() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        key_of_a_new_seal(&sealer).await.unwrap();
        source.gives(BOTH);
        after(301);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "old");
        let_others_run().await;
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "new");
        assert_eq!(source.reads(), 2);
    }

    #[tokio::test]
    async fn past_the_maximum_age_the_keyring_is_read_before_a_seal() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        key_of_a_new_seal(&sealer).await.unwrap();
        source.gives(BOTH);
        after(601);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "new");
    }

    #[tokio::test]
    async fn past_the_maximum_age_nothing_is_sealed_when_the_read_fails() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        key_of_a_new_seal(&sealer).await.unwrap();
        source.fails();
        after(600);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "old");
        after(1);
        assert!(matches!(key_of_a_new_seal(&sealer).await, Err(SealerError::Source(_))));
        source.gives(BOTH);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "new");
    }

    #[tokio::test]
    async fn a_keyring_of_any_age_opens() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        let sealed = sealer.seal("alice", b"c", b"plain").await.unwrap();
        source.fails();
        after(1_000_000);
        assert_eq!(&*sealer.open("alice", b"c", &sealed).await.unwrap(), b"plain");
        assert_eq!(source.reads(), 1);
    }

    #[tokio::test]
    async fn a_clock_that_went_back_makes_no_keyring_young() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        key_of_a_new_seal(&sealer).await.unwrap();
        source.gives(BOTH);
        back(3600);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "new");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_refresh_that_hangs() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        key_of_a_new_seal(&sealer).await.unwrap();
        source.hangs(true);
        after(301);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "old");
        let_others_run().await;
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "old");
        assert_eq!(source.reads(), 2);
        // The sandbox was frozen: the refresh goes on to hang.
        source.hangs(false);
        source.gives(BOTH);
        after(600);
        assert_eq!(key_of_a_new_seal(&sealer).await.unwrap(), "new");
    }

    #[tokio::test]
    async fn an_unknown_key_causes_one_read_of_the_keyring_a_minute() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(MAX_AGE);
        let sealed = seal::seal(&Keyring::parse(BOTH).unwrap(), "alice", b"c", b"plain").unwrap();
        // The first read is that of a keyring that wasn't there yet.
        for (seconds, expected) in [(0, 2), (0, 2), (59, 2), (1, 3), (0, 3)] {
            after(seconds);
            let opened = sealer.open("alice", b"c", &sealed).await;
            assert!(matches!(opened, Err(SealerError::Open(OpenError::UnknownKey(id))) if id == "new"));
            assert_eq!(source.reads(), expected, "after {seconds} more seconds");
        }
    }

    #[tokio::test]
    async fn keys_that_come_faster_than_once_a_minute_are_found_with_a_maximum_age_below_that() {
        let source = Source::default();
        source.gives(OLD);
        let sealer = source.sealer(Duration::from_secs(2));
        let sealed = seal::seal(&Keyring::parse(BOTH).unwrap(), "alice", b"c", b"plain").unwrap();
        sealer.open("alice", b"c", &sealed).await.unwrap_err();
        source.gives(BOTH);
        after(2);
        sealer.open("alice", b"c", &sealed).await.unwrap();
    }
}
