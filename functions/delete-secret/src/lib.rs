//! `DELETE /vault/api/v1/user/{user_id}/secrets/{name}`: the end of a secret.

use shared::http::vault::{Vault as Api, VaultError, deleted, if_match, secret_path};
use shared::http::{Answer, Call, Endpoint};
use shared::parts::TableParts;
use shared::vault::rules::may_delete;
use shared::vault::{DeleteSecret as Store, Deleted, VaultFault};

/// Deletes a secret. The store can do nothing else, and so can't read; there is no keyring either.
#[derive(Debug)]
pub struct DeleteSecret<S>(TableParts<S>);

impl<S: Store> DeleteSecret<S> {
    /// An endpoint that works with these parts.
    #[must_use]
    pub fn new(parts: TableParts<S>) -> Self {
        Self(parts)
    }
}

impl<S: Store> Endpoint for DeleteSecret<S> {
    type Family = Api;
    const OPERATION: &'static str = "delete-secret";

    async fn answer(&self, call: &mut Call) -> Result<Answer, VaultError> {
        let caller = call.authenticate(&self.0.authenticator).await?;
        let (owner, name) = secret_path(call.raw_path())?;
        call.owner = Some(owner.to_string());
        may_delete(&caller, &owner)?;
        let expected = if_match(call.headers())?;

        match self.0.store.delete(&owner, &name, expected.revisions()).await.map_err(VaultFault::from)? {
            Deleted::Gone(id) => {
                call.secret_id = id.map(|id| id.to_string());
                Ok(deleted())
            }
            Deleted::NotFound => Err(VaultError::NotFound),
            Deleted::MovedOn => Err(VaultError::PreconditionFailed),
        }
    }
}
