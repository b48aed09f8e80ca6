//! `PUT /vault/api/v1/user/{user_id}/secrets/{name}`: a secret's new state.

use shared::deps::VaultDeps;
use shared::http::vault::{VaultApi, VaultError, if_match, read_patch, secret_path, updated};
use shared::http::{Endpoint, RequestContext, Response};
use shared::vault::rules::{AskedRoles, Change, change, could_see, may_update, roles_after};
use shared::vault::{Lookup, ReadSecret, ReplaceSecret, RoleLists};

/// Attempts of an update that meets other writers. Of that many writers at once each round lets one through.
const ROUNDS: usize = 10;

/// Updates a secret. The store can read and replace; it can neither create nor delete.
#[derive(Debug)]
pub struct UpdateSecret<S>(VaultDeps<S>);

impl<S: ReadSecret + ReplaceSecret> UpdateSecret<S> {
    /// An endpoint with these dependencies.
    #[must_use]
    pub fn new(deps: VaultDeps<S>) -> Self {
        Self(deps)
    }
}

impl<S: ReadSecret + ReplaceSecret> Endpoint for UpdateSecret<S> {
    type Api = VaultApi;
    const OPERATION: &'static str = "update-secret";

    async fn answer(&self, request: &mut RequestContext) -> Result<Response, VaultError> {
        let caller = request.authenticate(&self.0.authenticator).await?;
        let (owner, name) = secret_path(request.raw_path())?;
        request.owner = Some(owner.to_string());
        may_update(&caller, &owner)?;
        let expected = if_match(request.headers())?;
        let patch = read_patch(request.body(), self.0.limits)?;
        if !could_see(&caller, &owner) {
            return Err(VaultError::NotFound);
        }

        let visible = |roles: &RoleLists| change(&caller, &owner, roles) != Change::Hidden;
        for _ in 0..ROUNDS {
            let Lookup { secret_id, secret } = self.0.vault.read(&owner, &name, visible).await?;
            request.secret_id = secret_id.map(|id| id.to_string());
            let current = secret.ok_or(VaultError::NotFound)?;
            match change(&caller, &owner, &current.record.roles) {
                Change::Allowed => {}
                Change::Forbidden => return Err(VaultError::Forbidden),
                Change::Hidden => return Err(VaultError::NotFound),
            }
            if !expected.accepts(current.record.revision) {
                return Err(VaultError::PreconditionFailed);
            }
            let asked = AskedRoles { read: patch.read_roles.as_deref(), write: patch.write_roles.as_deref() };
            let roles = roles_after(&caller, &owner, &current.record.roles, asked)?;
            let data = patch.data.as_ref().unwrap_or(&current.data);
            if let Some(record) = self.0.vault.replace(current.record, caller.id(), data, roles).await? {
                return Ok(updated(&record));
            }
        }
        Err(VaultError::Contended)
    }
}
