//! Dependencies of the endpoints: made by [`crate::start`] on Lambda, by the local server and by tests elsewhere.

use crate::auth::Authenticator;
use crate::search::SearchRules;
use crate::vault::Limits;
use crate::vault::{NoSealer, VaultService};

/// Dependencies of the vault handlers that read plaintext; `S` is its table.
#[derive(Debug)]
pub struct VaultDeps<S> {
    /// Verifier of tokens.
    pub authenticator: Authenticator,
    /// The table behind its sealer.
    pub vault: VaultService<S>,
    /// Limits of requests.
    pub limits: Limits,
}

/// Dependencies of delete-secret, which never reads plaintext and has no sealer; `S` is its table.
#[derive(Debug)]
pub struct TableDeps<S> {
    /// Verifier of tokens.
    pub authenticator: Authenticator,
    /// The table.
    pub vault: VaultService<S, NoSealer>,
}

/// Dependencies of the search handlers; `S` is where its documents are.
#[derive(Debug)]
pub struct SearchDeps<S> {
    /// Verifier of tokens.
    pub authenticator: Authenticator,
    /// Where documents are.
    pub documents: S,
    /// Rules for readers of documents.
    pub rules: SearchRules,
    /// True if documents get a field `_type`.
    pub add_type: bool,
}
