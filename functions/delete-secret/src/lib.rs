//! `DELETE /vault/api/v1/user/{user_id}/secrets/{name}`: the end of a secret.

use shared::deps::TableDeps;
use shared::http::vault::{VaultApi, VaultError, deleted, if_match, secret_path};
use shared::http::{Endpoint, RequestContext, Response};
use shared::vault::rules::may_delete;
use shared::vault::{DeleteSecret as Store, Deleted};

/// Deletes a secret. The store can do nothing else, and so can't read; there is no keyring either.
#[derive(Debug)]
pub struct DeleteSecret<S>(TableDeps<S>);

impl<S: Store> DeleteSecret<S> {
    /// An endpoint with these dependencies.
    #[must_use]
    pub fn new(deps: TableDeps<S>) -> Self {
        Self(deps)
    }
}

impl<S: Store> Endpoint for DeleteSecret<S> {
    type Api = VaultApi;
    const OPERATION: &'static str = "delete-secret";

    async fn answer(&self, request: &mut RequestContext) -> Result<Response, VaultError> {
        let caller = request.authenticate(&self.0.authenticator).await?;
        let (owner, name) = secret_path(request.raw_path())?;
        request.owner = Some(owner.to_string());
        may_delete(&caller, &owner)?;
        let expected = if_match(request.headers())?;

        match self.0.vault.delete(&owner, &name, expected.revisions()).await? {
            Deleted::Gone(id) => {
                request.secret_id = id.map(|id| id.to_string());
                Ok(deleted())
            }
            Deleted::NotFound => Err(VaultError::NotFound),
            Deleted::MovedOn => Err(VaultError::PreconditionFailed),
        }
    }
}
