//! Where the keyring comes from, and how long it is kept.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::causes;

use super::keyring::{Keyring, KeyringError};
use super::seal::{self, OpenError, SealError};
use super::wiped::Wiped;

/// How often a header that names an unknown key may cause the keyring to be read again.
const REREAD_INTERVAL: Duration = Duration::from_secs(60);

/// The keyring's JSON, wiped when dropped.
pub type KeyringText = Zeroizing<String>;

/// Something that holds a keyring.
pub trait KeyringSource: Send + Sync {
    /// Reads the keyring's JSON. The error is for the log, and holds nothing of the keyring.
    fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>>;
}

/// A keyring that is one secret of AWS Secrets Manager.
pub struct SecretsManagerKeyring {
    client: aws_sdk_secretsmanager::Client,
    secret_id: String,
}

impl SecretsManagerKeyring {
    /// The secret of this name or ARN.
    #[must_use]
    pub fn new(client: aws_sdk_secretsmanager::Client, secret_id: String) -> Self {
        Self { client, secret_id }
    }
}

impl KeyringSource for SecretsManagerKeyring {
    fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>> {
        Box::pin(async {
            let answer = self
                .client
                .get_secret_value()
                .secret_id(&self.secret_id)
                .send()
                .await
                .map_err(|error| causes::of_call("GetSecretValue", &error))?;
            let text = answer.secret_string.ok_or("the keyring secret holds no text")?;
            Ok(Zeroizing::new(text))
        })
    }
}

/// Why nothing could be sealed or opened.
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

#[derive(Default)]
struct Kept {
    keyring: Option<Arc<Keyring>>,
    reread_at: Option<Instant>,
}

/// Seals and opens with a keyring that is read once and kept. A read that failed is tried again by the next request;
/// a header that names an unknown key causes at most one read a minute.
pub struct Sealer {
    source: Box<dyn KeyringSource>,
    clock: fn() -> Instant,
    kept: Mutex<Kept>,
}

impl Sealer {
    /// A sealer that has not read its keyring yet.
    #[must_use]
    pub fn new(source: Box<dyn KeyringSource>) -> Self {
        Self { source, clock: Instant::now, kept: Mutex::default() }
    }

    /// Seals with the current key.
    ///
    /// # Errors
    /// [`SealerError`] if there is no keyring or no randomness.
    pub async fn seal(&self, owner: &str, context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealerError> {
        Ok(seal::seal(&*self.keyring().await?, owner, context, plaintext)?)
    }

    /// Opens with the key that the header names.
    ///
    /// # Errors
    /// [`SealerError`] if there is no keyring, or the bytes don't open with it.
    pub async fn open(&self, owner: &str, context: &[u8], sealed: &[u8]) -> Result<Wiped, SealerError> {
        let opened = match seal::open(&*self.keyring().await?, owner, context, sealed) {
            Err(OpenError::UnknownKey(id)) => match self.reread().await? {
                Some(keyring) => seal::open(&keyring, owner, context, sealed),
                None => Err(OpenError::UnknownKey(id)),
            },
            other => other,
        };
        Ok(opened?)
    }

    /// The keyring, read if it wasn't yet. Worth calling while a function starts.
    ///
    /// # Errors
    /// [`SealerError`] if the source gives none.
    pub async fn keyring(&self) -> Result<Arc<Keyring>, SealerError> {
        let mut kept = self.kept.lock().await;
        if let Some(keyring) = &kept.keyring {
            return Ok(Arc::clone(keyring));
        }
        let keyring = self.read().await?;
        kept.keyring = Some(Arc::clone(&keyring));
        Ok(keyring)
    }

    /// Reads the keyring again, unless that was done less than a minute ago.
    async fn reread(&self) -> Result<Option<Arc<Keyring>>, SealerError> {
        let mut kept = self.kept.lock().await;
        let now = (self.clock)();
        if kept.reread_at.is_some_and(|at| now.duration_since(at) < REREAD_INTERVAL) {
            // Another request may have read the key in the meantime.
            return Ok(kept.keyring.clone());
        }
        // Taken before the read starts: a failing source is asked no more often than a working one.
        kept.reread_at = Some(now);
        let keyring = self.read().await?;
        kept.keyring = Some(Arc::clone(&keyring));
        Ok(Some(keyring))
    }

    async fn read(&self) -> Result<Arc<Keyring>, SealerError> {
        let text = self.source.read().await.map_err(SealerError::Source)?;
        Ok(Arc::new(Keyring::parse(&text)?))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const OLD: &str = r#"{"v":1,"current":"old","keys":{"old":"old-old-old-old-old-old-old-old-old-old-old-old"}}"#;
    const NEW: &str = r#"{"v":1,"current":"new","keys":{"new":"new-new-new-new-new-new-new-new-new-new-new-new"}}"#;

    thread_local! {
        static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    fn now() -> Instant {
        NOW.with(|now| {
            let time = now.get().unwrap_or_else(Instant::now);
            now.set(Some(time));
            time
        })
    }

    fn after(seconds: u64) {
        NOW.with(|now| now.set(now.get().map(|time| time + Duration::from_secs(seconds))));
    }

    /// A source that always gives the old keyring.
    struct Source(Arc<AtomicU32>);

    impl KeyringSource for Source {
        fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(Zeroizing::new(OLD.to_owned())) })
        }
    }

    #[tokio::test]
    async fn an_unknown_key_causes_one_read_of_the_keyring_a_minute() {
        let reads = Arc::new(AtomicU32::new(0));
        let sealer = Sealer { clock: now, ..Sealer::new(Box::new(Source(Arc::clone(&reads)))) };
        let sealed = seal::seal(&Keyring::parse(NEW).unwrap(), "alice", b"c", b"plain").unwrap();
        // The first read is that of a keyring that wasn't there yet.
        for (seconds, expected) in [(0, 2), (0, 2), (59, 2), (1, 3), (0, 3)] {
            after(seconds);
            let opened = sealer.open("alice", b"c", &sealed).await;
            assert!(matches!(opened, Err(SealerError::Open(OpenError::UnknownKey(id))) if id == "new"));
            assert_eq!(reads.load(Ordering::Relaxed), expected, "after {seconds} more seconds");
        }
    }
}
