//! `GET /vault/api/v1/user/{user_id}/secrets/{name}`: one secret.

use shared::deps::VaultDeps;
use shared::http::vault::{VaultApi, VaultError, one, secret_path};
use shared::http::{Endpoint, RequestContext, Response};
use shared::vault::rules::{View, could_see, may_ask, view};
use shared::vault::{Lookup, ReadSecret, RoleLists};

/// Gets a secret. The store can do nothing else, and so can't write.
#[derive(Debug)]
pub struct GetSecret<S>(VaultDeps<S>);

impl<S: ReadSecret> GetSecret<S> {
    /// An endpoint with these dependencies.
    #[must_use]
    pub fn new(deps: VaultDeps<S>) -> Self {
        Self(deps)
    }
}

impl<S: ReadSecret> Endpoint for GetSecret<S> {
    type Api = VaultApi;
    const OPERATION: &'static str = "get-secret";

    async fn answer(&self, request: &mut RequestContext) -> Result<Response, VaultError> {
        let caller = request.authenticate(&self.0.authenticator).await?;
        let (owner, name) = secret_path(request.raw_path())?;
        request.owner = Some(owner.to_string());
        may_ask(&caller)?;
        if !could_see(&caller, &owner) {
            return Err(VaultError::NotFound);
        }

        let visible = |roles: &RoleLists| view(&caller, &owner, roles) != View::Hidden;
        let Lookup { secret_id, secret } = self.0.vault.read(&owner, &name, visible).await?;
        request.secret_id = secret_id.map(|id| id.to_string());
        let secret = secret.ok_or(VaultError::NotFound)?;

        match view(&caller, &owner, &secret.record.roles) {
            View::Whole => one(&secret, true),
            View::WithoutData => one(&secret, false),
            View::Hidden => Err(VaultError::NotFound),
        }
    }
}
