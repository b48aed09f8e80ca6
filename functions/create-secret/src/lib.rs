//! `POST /vault/api/v1/user/{user_id}/secrets`: a new secret.

use shared::deps::VaultDeps;
use shared::http::vault::{ErrorCode, FieldError, VaultApi, VaultError, created, read_draft, secrets_path};
use shared::http::{Endpoint, RequestContext, Response};
use shared::vault::CreateSecret as Store;
use shared::vault::rules::may_create;

/// Creates a secret. The store can do nothing else, and so can't read.
#[derive(Debug)]
pub struct CreateSecret<S>(VaultDeps<S>);

impl<S: Store> CreateSecret<S> {
    /// An endpoint with these dependencies.
    #[must_use]
    pub fn new(deps: VaultDeps<S>) -> Self {
        Self(deps)
    }
}

impl<S: Store> Endpoint for CreateSecret<S> {
    type Api = VaultApi;
    const OPERATION: &'static str = "create-secret";

    async fn answer(&self, request: &mut RequestContext) -> Result<Response, VaultError> {
        let caller = request.authenticate(&self.0.authenticator).await?;
        let owner = secrets_path(request.raw_path())?;
        request.owner = Some(owner.to_string());
        may_create(&caller, &owner)?;
        let draft = read_draft(request.body(), &owner, self.0.limits)?;

        match self.0.vault.create(&owner, caller.id(), draft).await? {
            Some(record) => {
                request.secret_id = Some(record.revision.secret_id.to_string());
                created(&record)
            }
            None => {
                let message = "a secret of this name is there already; update it, or choose another name";
                Err(FieldError::new(ErrorCode::ValueDuplicate, "name", message).into())
            }
        }
    }
}
