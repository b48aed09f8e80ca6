//! The vault: secrets, who may do what with them, and where they are kept.
//!
//! A handler asks [`rules`] first, then [`Vault`], which joins a store to a sealer. What a handler can do to the table
//! is what its store's traits allow: a get function holds a `Vault<impl ReadSecret>` and can't write.

mod context;
pub mod dynamodb;
mod guarded;
pub mod rules;
mod secret;
mod store;

pub use guarded::{DamagedSecret, Draft, ListedSecret, Lookup, Vault, VaultFault};
pub use secret::{Revision, RoleLists, SealedSecret, Secret, SecretData, SecretRecord};
pub use store::{
    CreateSecret, Created, DeleteSecret, Deleted, FoundSecret, ListSecrets, ReadSecret, ReplaceSecret, Replaced,
    SecretPage, StoreFault,
};
