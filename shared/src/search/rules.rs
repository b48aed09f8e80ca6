//! Rules for readers of documents: a matter of the token alone, decided before any look-up.

use crate::auth::{Caller, Forbidden};

/// Rules for readers of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRules {
    /// User levels of which a caller must have one; any caller may, if empty.
    pub authorities: Vec<String>,
}

impl SearchRules {
    /// The scopes of which a caller must have one.
    pub const SCOPES: [&str; 2] = ["sp:search:read", "sp:scopes:all"];

    /// Decides whether the caller may read documents.
    ///
    /// # Errors
    /// [`Forbidden`] if not.
    pub fn may_read(&self, caller: &Caller) -> Result<(), Forbidden> {
        let scoped = Self::SCOPES.iter().any(|scope| caller.has_scope(scope));
        let levelled = self.authorities.is_empty() || self.authorities.iter().any(|level| caller.has_authority(level));
        if scoped && levelled { Ok(()) } else { Err(Forbidden) }
    }
}
