//! A store behind a sealer: every write is sealed, every read was verified.

use std::sync::Arc;

use crate::clock::now_ms;
use crate::names::{SecretName, UserId};
use crate::random::{RandomFailed, RandomId};
use crate::sealing::{OpenError, Sealer, SealerError};

use super::aad::aad;
use super::secret::{Revision, RoleLists, SealedSecret, Secret, SecretData, SecretRecord};
use super::store::{
    CreateSecret, Created, DeleteSecret, Deleted, FoundSecret, ListSecrets, ReadSecret, ReplaceSecret, Replaced,
    SecretStoreError,
};

/// Error of the vault. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum VaultServiceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] SecretStoreError),
    /// Sealing or opening failed, of the secret of this id.
    #[error("secret {secret_id}: {source}")]
    Seal {
        /// The id that the record holds.
        secret_id: RandomId,
        /// Error of the sealer.
        source: SealerError,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomFailed),
}

/// Kind of a [`VaultServiceError`], by the part that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultErrorKind {
    /// The table asks for fewer requests.
    Throttled,
    /// The table failed.
    Table,
    /// The keyring's service failed.
    KeyringService,
    /// The keyring is malformed, or lacks the key of a stored secret.
    Configuration,
    /// A stored secret is damaged, or the function itself failed.
    Internal,
}

impl VaultServiceError {
    /// Kind of the error.
    #[must_use]
    pub fn kind(&self) -> VaultErrorKind {
        match self {
            Self::Store(SecretStoreError::Throttled(_)) => VaultErrorKind::Throttled,
            Self::Store(SecretStoreError::Failed(_)) => VaultErrorKind::Table,
            Self::Store(SecretStoreError::Damaged(_)) | Self::Random(_) => VaultErrorKind::Internal,
            Self::Seal { source, .. } => match source {
                SealerError::Source(_) => VaultErrorKind::KeyringService,
                SealerError::Keyring(_) | SealerError::Open(OpenError::UnknownKey(_)) => VaultErrorKind::Configuration,
                SealerError::Seal(_) | SealerError::Open(_) => VaultErrorKind::Internal,
            },
        }
    }

    /// Tells whether the stored secret itself is at fault, and no service, key or setting.
    fn is_damage(&self) -> bool {
        match self {
            Self::Store(SecretStoreError::Damaged(_)) => true,
            Self::Seal { source: SealerError::Open(error), .. } => {
                matches!(error, OpenError::Format(_) | OpenError::NotAuthentic)
            }
            _ => false,
        }
    }
}

/// A secret to be created.
#[derive(Debug)]
pub struct Draft {
    /// Its name.
    pub name: SecretName,
    /// Its data.
    pub data: SecretData,
    /// Roles with access to it.
    pub roles: RoleLists,
}

/// Store of secrets with its sealer `K`: every write is sealed, every read was verified.
#[derive(Debug)]
pub struct VaultService<S, K = Arc<Sealer>> {
    store: S,
    sealer: K,
}

/// Absence of a sealer, for a function that never opens a secret.
#[derive(Debug, Clone, Copy)]
pub struct NoSealer;

impl<S> VaultService<S, NoSealer> {
    /// A store without a sealer.
    #[must_use]
    pub fn without_sealer(store: S) -> Self {
        Self { store, sealer: NoSealer }
    }
}

impl<S: DeleteSecret, K: Sync> VaultService<S, K> {
    /// Deletes a secret that is of one of these revisions; of any revision where there are none.
    pub async fn delete(
        &self,
        owner: &UserId,
        name: &SecretName,
        expected: Option<&[Revision]>,
    ) -> Result<Deleted, VaultServiceError> {
        Ok(self.store.delete(owner, name, expected).await?)
    }
}

impl<S> VaultService<S> {
    /// Guards `store` with `sealer`, which others may hold too: its keyring is read while the function starts.
    #[must_use]
    pub fn new(store: S, sealer: impl Into<Arc<Sealer>>) -> Self {
        Self { store, sealer: sealer.into() }
    }

    async fn seal(&self, record: SecretRecord, data: &SecretData) -> Result<SealedSecret, VaultServiceError> {
        // The plaintext is exposed to be sealed.
        let sealed = self
            .sealer
            .seal(record.owner.as_str(), &aad(&record), data.expose())
            .await
            .map_err(|source| VaultServiceError::Seal { secret_id: record.revision.secret_id, source })?;
        Ok(SealedSecret { record, sealed })
    }

    async fn open(&self, stored: SealedSecret) -> Result<Secret, VaultServiceError> {
        let SealedSecret { record, sealed } = stored;
        let plaintext = self
            .sealer
            .open(record.owner.as_str(), &aad(&record), &sealed)
            .await
            .map_err(|source| VaultServiceError::Seal { secret_id: record.revision.secret_id, source })?;
        Ok(Secret { record, data: SecretData::new(plaintext) })
    }
}

/// Result of a look-up.
#[derive(Debug, Default)]
pub struct Lookup {
    /// Id in the item that was found, for the log; unverified.
    pub secret_id: Option<RandomId>,
    /// The secret, verified; `None` if there is none or the caller doesn't see it.
    pub secret: Option<Secret>,
}

impl<S: ReadSecret> VaultService<S> {
    /// The secret of this owner and name, verified, if its unverified role lists are `visible` to the caller. Otherwise
    /// it isn't opened, so that neither time nor damage tells of it. The caller asks again with the verified lists:
    /// a refusal may rest on unverified ones, a grant may not.
    ///
    /// # Errors
    /// [`VaultServiceError`] if the store fails or the secret doesn't open.
    pub async fn read(
        &self,
        owner: &UserId,
        name: &SecretName,
        visible: impl Fn(&RoleLists) -> bool,
    ) -> Result<Lookup, VaultServiceError> {
        let Some(FoundSecret { secret_id, claimed_roles, sealed }) = self.store.read(owner, name).await? else {
            return Ok(Lookup::default());
        };
        let secret = if visible(&claimed_roles) { Some(self.open(sealed?).await?) } else { None };
        Ok(Lookup { secret_id, secret })
    }
}

impl<S: CreateSecret> VaultService<S> {
    /// Creates a secret of `owner`, written by `author`; `None` if the owner has one of this name.
    pub async fn create(
        &self,
        owner: &UserId,
        author: &UserId,
        draft: Draft,
    ) -> Result<Option<SecretRecord>, VaultServiceError> {
        let now = now_ms();
        let record = SecretRecord {
            owner: owner.clone(),
            name: draft.name,
            revision: Revision { secret_id: RandomId::make()?, version: 1 },
            write_id: RandomId::make()?,
            author: author.clone(),
            updated_by: author.clone(),
            created_ms: now,
            updated_ms: now,
            roles: draft.roles,
        };
        let sealed = self.seal(record, &draft.data).await?;
        Ok(match self.store.create(&sealed).await? {
            Created::Stored => Some(sealed.record),
            Created::NameTaken => None,
        })
    }
}

impl<S: ReplaceSecret> VaultService<S> {
    /// Writes a new state of `current`, which was read before; `None` if somebody else was faster.
    pub async fn replace(
        &self,
        current: SecretRecord,
        updated_by: &UserId,
        data: &SecretData,
        roles: RoleLists,
    ) -> Result<Option<SecretRecord>, VaultServiceError> {
        let expected = current.write_id;
        let revision = Revision { version: current.revision.version.saturating_add(1), ..current.revision };
        let record = SecretRecord {
            revision,
            write_id: RandomId::make()?,
            updated_by: updated_by.clone(),
            // A clock that went back doesn't take the secret with it.
            updated_ms: now_ms().max(current.updated_ms),
            roles,
            ..current
        };
        let sealed = self.seal(record, data).await?;
        Ok(match self.store.replace(&sealed, expected).await? {
            Replaced::Stored => Some(sealed.record),
            Replaced::MovedOn => None,
        })
    }
}

/// Secret of a list.
#[derive(Debug)]
pub enum ListedSecret {
    /// A secret, verified.
    Whole(Secret),
    /// A secret that doesn't open with any key: its item was changed by another program.
    Damaged(DamagedSecret),
}

/// Name of a secret that doesn't open, and its known values.
#[derive(Debug)]
pub struct DamagedSecret {
    /// Its name.
    pub name: SecretName,
    /// Id in the item, for the log; unverified.
    pub secret_id: Option<RandomId>,
    /// Cause, for the log.
    pub cause: VaultServiceError,
}

impl<S: ListSecrets> VaultService<S> {
    /// Number of the owner's secrets, and those of one page. One that is damaged is told apart, so that it doesn't take
    /// the others with it.
    ///
    /// # Errors
    /// [`VaultServiceError`] if the store fails, or there is no keyring or not the key that a secret names.
    pub async fn list(
        &self,
        owner: &UserId,
        offset: u64,
        limit: usize,
    ) -> Result<(u64, Vec<ListedSecret>), VaultServiceError> {
        let page = self.store.page(owner, offset, limit).await?;
        let mut secrets = Vec::with_capacity(page.secrets.len());
        for (name, FoundSecret { secret_id, sealed, .. }) in page.secrets {
            let opened = match sealed {
                Ok(stored) => self.open(stored).await,
                Err(error) => Err(error.into()),
            };
            secrets.push(match opened {
                Ok(secret) => ListedSecret::Whole(secret),
                Err(cause) if cause.is_damage() => ListedSecret::Damaged(DamagedSecret { name, secret_id, cause }),
                Err(error) => return Err(error),
            });
        }
        Ok((page.total, secrets))
    }
}
