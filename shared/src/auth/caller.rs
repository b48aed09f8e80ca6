//! Caller of a request, as a verified token describes it.

use std::collections::BTreeSet;

use crate::names::{RoleId, UserId};

/// A scope of the vault API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `admin`, alias `privx-admin`.
    Admin,
    /// `owner`. It makes nobody an owner: it only says that the token is for the vault. The owner is the user in the
    /// path.
    Owner,
    /// `user`, alias `privx-user`.
    User,
    /// `vaultAdd`, alias `vault-add`.
    VaultAdd,
    /// `vaultManage`, alias `vault-manage`.
    VaultManage,
}

impl Scope {
    /// The scope that a word of a token names. Case matters, as it does in OAuth 2.0 (RFC 6749, section 3.3).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "admin" | "privx-admin" => Some(Self::Admin),
            "owner" => Some(Self::Owner),
            "user" | "privx-user" => Some(Self::User),
            "vaultAdd" | "vault-add" => Some(Self::VaultAdd),
            "vaultManage" | "vault-manage" => Some(Self::VaultManage),
            _ => None,
        }
    }
}

/// The caller may not do this, whether or not the secret exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden;

/// The holder of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    id: UserId,
    scopes: BTreeSet<String>,
    vault_scopes: BTreeSet<Scope>,
    roles: BTreeSet<String>,
    authorities: BTreeSet<String>,
}

impl Caller {
    /// A caller with the words that a token's claims hold. Only [`super::Authenticator`] has any to give.
    pub(crate) fn new(
        id: UserId,
        scopes: BTreeSet<String>,
        roles: BTreeSet<String>,
        authorities: BTreeSet<String>,
    ) -> Self {
        let vault_scopes = scopes.iter().filter_map(|word| Scope::from_word(word)).collect();
        Self { id, scopes, vault_scopes, roles, authorities }
    }

    /// The caller's user id.
    #[must_use]
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// Tells whether the token holds this scope of the vault, or an alias of it.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.vault_scopes.contains(&scope)
    }

    /// Tells whether the token holds any scope of the vault. One without was made for another API.
    #[must_use]
    pub fn has_vault_scope(&self) -> bool {
        !self.vault_scopes.is_empty()
    }

    /// Tells whether the token holds this scope, letter by letter.
    #[must_use]
    pub fn has_scope(&self, word: &str) -> bool {
        self.scopes.contains(word)
    }

    /// Tells whether the token names one of these roles.
    #[must_use]
    pub fn holds_any(&self, roles: &[RoleId]) -> bool {
        roles.iter().any(|role| self.roles.contains(role.as_str()))
    }

    /// Tells whether the token names any role.
    #[must_use]
    pub fn holds_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Tells whether the token names this user level.
    #[must_use]
    pub fn has_authority(&self, authority: &str) -> bool {
        self.authorities.contains(authority)
    }
}
