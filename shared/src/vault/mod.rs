//! The vault: secrets, the permissions on them, and their table.
//!
//! A handler asks [`rules`] first, then [`VaultService`], which joins a store to a sealer. The traits of its store
//! limit a handler: a get function holds a `VaultService<impl ReadSecret>` and can't write.

mod aad;
pub mod dynamodb;
mod limits;
pub mod rules;
mod secret;
mod store;
mod vault_service;

pub use limits::Limits;
pub use secret::{Revision, RoleLists, SealedSecret, Secret, SecretData, SecretRecord};
pub use store::{
    CreateSecret, Created, DeleteSecret, Deleted, FoundSecret, ListSecrets, ReadSecret, ReplaceSecret, Replaced,
    SecretPage, SecretStoreError,
};
pub use vault_service::{
    DamagedSecret, Draft, ListedSecret, Lookup, NoSealer, VaultErrorKind, VaultService, VaultServiceError,
};
