//! Permissions on a secret. Pure functions of the caller, the owner that the path names, and the verified role lists;
//! nothing here looks anything up.
//!
//! Two kinds: `may_…` decides before any look-up, from the token and the path alone, so that a refusal tells nothing of
//! existing secrets. `view` and `change` decide by the role lists of the secret. A secret that they hide is answered as
//! if it did not exist. Each is asked twice: with the lists as they stand in the table, of which a refusal alone is
//! final, and with the same lists once the secret was opened.

use std::collections::BTreeSet;

use super::secret::RoleLists;
use crate::auth::{Caller, Forbidden, Scope};
use crate::names::{RoleId, UserId};

/// Part of a listed secret that the caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// The owner's list: items with their data.
    WithData,
    /// A manager's list: items without data.
    WithoutData,
}

/// Result for a caller with a request for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The secret with its data.
    Whole,
    /// The secret without its data: a holder of a write role may replace it but not read it.
    WithoutData,
    /// Nothing: the caller may not know that it exists.
    Hidden,
}

/// Result for a caller with a change of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The change is made.
    Allowed,
    /// The caller sees the secret, but may not change it.
    Forbidden,
    /// The caller may not know that it exists.
    Hidden,
}

/// The caller is the user in the path, with a scope of the vault: a token with `sp:search:read` alone makes nobody an
/// owner.
fn owns(caller: &Caller, owner: &UserId) -> bool {
    caller.id() == owner && caller.has_vault_scope()
}

fn when(allowed: bool) -> Result<(), Forbidden> {
    if allowed { Ok(()) } else { Err(Forbidden) }
}

/// Listing: the owner, and holders of the scope vaultManage.
///
/// # Errors
/// [`Forbidden`] for everybody else.
pub fn may_list(caller: &Caller, owner: &UserId) -> Result<Listing, Forbidden> {
    if owns(caller, owner) {
        Ok(Listing::WithData)
    } else {
        when(caller.has(Scope::VaultManage)).map(|()| Listing::WithoutData)
    }
}

/// Creating: the owner, and holders of one of the scopes admin, vaultManage and vaultAdd.
///
/// # Errors
/// [`Forbidden`] for everybody else.
pub fn may_create(caller: &Caller, owner: &UserId) -> Result<(), Forbidden> {
    let scoped = [Scope::Admin, Scope::VaultManage, Scope::VaultAdd].into_iter().any(|scope| caller.has(scope));
    when(owns(caller, owner) || scoped)
}

/// Asking for a secret at all: holders of one of the scopes user and admin. Owning it is not enough.
///
/// # Errors
/// [`Forbidden`] for everybody else.
pub fn may_ask(caller: &Caller) -> Result<(), Forbidden> {
    when(caller.has(Scope::User) || caller.has(Scope::Admin))
}

/// Updating at all: everybody but the owner without a scope of the vault. Anybody else's token is judged by its roles.
/// A holder of a write role needs no scope: issuer and audience alone hold off his token for another API.
///
/// # Errors
/// [`Forbidden`] for the owner without a scope of the vault.
pub fn may_update(caller: &Caller, owner: &UserId) -> Result<(), Forbidden> {
    when(caller.id() != owner || owns(caller, owner))
}

/// Getting or updating: the owner, admins and holders of any role may see a secret of this owner. For everybody else
/// there is nothing to look up, so that the time of an answer tells nothing.
#[must_use]
pub fn could_see(caller: &Caller, owner: &UserId) -> bool {
    owns(caller, owner) || caller.has(Scope::Admin) || caller.holds_roles()
}

/// Deleting: the owner, and holders of one of the scopes admin and vaultManage.
///
/// # Errors
/// [`Forbidden`] for everybody else.
pub fn may_delete(caller: &Caller, owner: &UserId) -> Result<(), Forbidden> {
    when(owns(caller, owner) || caller.has(Scope::Admin) || caller.has(Scope::VaultManage))
}

/// View of the caller on a secret: an admin all; with the scope user, the owner and holders of a read role all, holders
/// of only a write role all but the data; everybody else nothing.
#[must_use]
pub fn view(caller: &Caller, owner: &UserId, roles: &RoleLists) -> View {
    if caller.has(Scope::Admin) {
        View::Whole
    } else if !caller.has(Scope::User) {
        View::Hidden
    } else if owns(caller, owner) || caller.holds_any(&roles.read) {
        View::Whole
    } else if caller.holds_any(&roles.write) {
        View::WithoutData
    } else {
        View::Hidden
    }
}

/// Permission of the caller to change a secret: the owner and holders of a write role may. A caller that only sees it
/// is told so; for everybody else it doesn't exist.
#[must_use]
pub fn change(caller: &Caller, owner: &UserId, roles: &RoleLists) -> Change {
    if owns(caller, owner) || caller.holds_any(&roles.write) {
        Change::Allowed
    } else if view(caller, owner, roles) == View::Hidden {
        Change::Hidden
    } else {
        Change::Forbidden
    }
}

/// Role lists in the body of an update; `None` is a list that is absent or null.
#[derive(Debug, Clone, Copy)]
pub struct AskedRoles<'a> {
    /// Read roles.
    pub read: Option<&'a [RoleId]>,
    /// Write roles.
    pub write: Option<&'a [RoleId]>,
}

/// Role lists after an update that [`change`] allows. Only the owner changes them: a holder of a write role could
/// otherwise add a read role of his own. Lists of somebody else must equal the stored ones as sets, so that a client
/// can send back the secret that it read; the stored order and repetitions stay.
///
/// # Errors
/// [`Forbidden`] for other lists than the stored ones from anybody but the owner.
pub fn roles_after(
    caller: &Caller,
    owner: &UserId,
    stored: &RoleLists,
    asked: AskedRoles<'_>,
) -> Result<RoleLists, Forbidden> {
    let list = |stored: &[RoleId], asked: Option<&[RoleId]>| match asked {
        Some(asked) if owns(caller, owner) => Ok(asked.to_vec()),
        Some(asked) if set(asked) != set(stored) => Err(Forbidden),
        _ => Ok(stored.to_vec()),
    };
    Ok(RoleLists { read: list(&stored.read, asked.read)?, write: list(&stored.write, asked.write)? })
}

fn set(roles: &[RoleId]) -> BTreeSet<&str> {
    roles.iter().map(RoleId::as_str).collect()
}
