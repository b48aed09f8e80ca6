//! Where the keyring comes from, and how long it is kept.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::causes::chain;

use super::keyring::{Keyring, KeyringError};
use super::seal::{self, OpenError, SealError};

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
                .map_err(|error| format!("GetSecretValue: {}", chain(&error)))?;
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
    kept: Mutex<Kept>,
}

impl Sealer {
    /// A sealer that has not read its keyring yet.
    #[must_use]
    pub fn new(source: Box<dyn KeyringSource>) -> Self {
        Self { source, kept: Mutex::default() }
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
    pub async fn open(&self, owner: &str, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealerError> {
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
        if kept.reread_at.is_some_and(|at| at.elapsed() < REREAD_INTERVAL) {
            // Another request may have read the key in the meantime.
            return Ok(kept.keyring.clone());
        }
        // Taken before the read starts: a failing source is asked no more often than a working one.
        kept.reread_at = Some(Instant::now());
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
