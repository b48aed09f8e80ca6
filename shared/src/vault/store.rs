//! Capabilities of a store of secrets, one trait each. Nothing here opens a seal.

use std::future::Future;

use crate::names::{SecretName, UserId};

use crate::random::RandomId;

use super::secret::{Revision, RoleLists, SealedSecret};

/// A store's failure. The texts are for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum SecretStoreError {
    /// The store asks for fewer requests.
    #[error("the table is throttled: {0}")]
    Throttled(String),
    /// The store did not do the request, or did not tell its result.
    #[error("the table failed: {0}")]
    Failed(String),
    /// An item is not one that this build writes.
    #[error("a stored item is damaged: {0}")]
    Damaged(String),
}

/// A secret as a look-up found it. Id and role lists are unverified: a refusal may rest on them, a grant may not.
#[derive(Debug)]
pub struct FoundSecret {
    /// Id that the item holds, for the log.
    pub secret_id: Option<RandomId>,
    /// Roles that the item names; of a damaged list those that can be read.
    pub claimed_roles: RoleLists,
    /// The whole item, or its damage.
    pub sealed: Result<SealedSecret, SecretStoreError>,
}

/// Result of the creation of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is stored now.
    Stored,
    /// The owner has a secret of this name already.
    NameTaken,
}

/// Result of the replacement of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It is stored now.
    Stored,
    /// Somebody else wrote or deleted the secret in the meantime.
    MovedOn,
}

/// Result of the deletion of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone. Its id is for the log, as the table held it; unknown if the answer that told it was lost.
    Gone(Option<RandomId>),
    /// There is no such secret.
    NotFound,
    /// It is of another revision than those that were to be deleted.
    MovedOn,
}

/// One page of an owner's secrets.
#[derive(Debug)]
pub struct SecretPage {
    /// Number of the owner's secrets.
    pub total: u64,
    /// The page's secrets, ordered bytewise by their names; without those that were deleted meanwhile, and without
    /// items with a key that is no name.
    pub secrets: Vec<(SecretName, FoundSecret)>,
}

/// Reads one secret.
pub trait ReadSecret: Send + Sync {
    /// The secret of this owner and name, as it is now; never an older state.
    fn read(
        &self,
        owner: &UserId,
        name: &SecretName,
    ) -> impl Future<Output = Result<Option<FoundSecret>, SecretStoreError>> + Send;
}

/// Adds a secret.
pub trait CreateSecret: Send + Sync {
    /// Stores the secret if its owner has none of this name. Repeated with the same write id it says `Stored` again.
    fn create(&self, secret: &SealedSecret) -> impl Future<Output = Result<Created, SecretStoreError>> + Send;
}

/// Replaces a secret.
pub trait ReplaceSecret: Send + Sync {
    /// Stores the new state if the stored one is still that of the write `expected`. Repeated with the same write id
    /// it says `Stored` again.
    fn replace(
        &self,
        secret: &SealedSecret,
        expected: RandomId,
    ) -> impl Future<Output = Result<Replaced, SecretStoreError>> + Send;
}

/// Deletes a secret.
pub trait DeleteSecret: Send + Sync {
    /// Deletes the secret of this owner and name if there is one and, where `expected` is given, if it is of one of
    /// those revisions. A call that the store had to repeat says `Gone` when it finds nothing: the first try did it.
    fn delete(
        &self,
        owner: &UserId,
        name: &SecretName,
        expected: Option<&[Revision]>,
    ) -> impl Future<Output = Result<Deleted, SecretStoreError>> + Send;
}

/// Lists an owner's secrets.
pub trait ListSecrets: Send + Sync {
    /// The secrets at `offset` and after it, at most `limit` of them and at most 100, and how many there are in all.
    fn page(
        &self,
        owner: &UserId,
        offset: u64,
        limit: usize,
    ) -> impl Future<Output = Result<SecretPage, SecretStoreError>> + Send;
}
