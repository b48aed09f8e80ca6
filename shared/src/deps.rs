//! What an endpoint works with: made by [`crate::start`] on Lambda, by the local server and by tests elsewhere.

use crate::auth::Authenticator;
use crate::search::SearchRules;
use crate::vault::Limits;
use crate::vault::{NoSealer, VaultService};

/// What a function of the vault works with that sees what is in a secret; `S` is its table.
#[derive(Debug)]
pub struct VaultDeps<S> {
    /// Who is calling.
    pub authenticator: Authenticator,
    /// The table behind its sealer.
    pub vault: VaultService<S>,
    /// How large requests may be.
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

/// What a function of the search API works with; `S` is where its documents are.
#[derive(Debug)]
pub struct SearchDeps<S> {
    /// Who is calling.
    pub authenticator: Authenticator,
    /// Where documents are.
    pub documents: S,
    /// Who may read them.
    pub rules: SearchRules,
    /// Whether documents get a field `_type`.
    pub add_type: bool,
}
