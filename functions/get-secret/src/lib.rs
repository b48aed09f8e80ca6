//! `GET /vault/api/v1/user/{user_id}/secrets/{name}`: one secret.

use shared::http::vault::{Vault as Api, VaultError, one, secret_path};
use shared::http::{Answer, Call, Endpoint};
use shared::parts::VaultParts;
use shared::vault::rules::{View, could_see, may_ask, view};
use shared::vault::{Lookup, ReadSecret, RoleLists};

/// Gets a secret. The store can do nothing else, and so can't write.
#[derive(Debug)]
pub struct GetSecret<S>(VaultParts<S>);

impl<S: ReadSecret> GetSecret<S> {
    /// An endpoint that works with these parts.
    #[must_use]
    pub fn new(parts: VaultParts<S>) -> Self {
        Self(parts)
    }
}

impl<S: ReadSecret> Endpoint for GetSecret<S> {
    type Family = Api;
    const OPERATION: &'static str = "get-secret";

    async fn answer(&self, call: &mut Call) -> Result<Answer, VaultError> {
        let caller = call.authenticate(&self.0.authenticator).await?;
        let (owner, name) = secret_path(call.raw_path())?;
        call.owner = Some(owner.to_string());
        may_ask(&caller)?;
        if !could_see(&caller, &owner) {
            return Err(VaultError::NotFound);
        }

        let visible = |roles: &RoleLists| view(&caller, &owner, roles) != View::Hidden;
        let Lookup { secret_id, secret } = self.0.vault.read(&owner, &name, visible).await?;
        call.secret_id = secret_id.map(|id| id.to_string());
        let secret = secret.ok_or(VaultError::NotFound)?;

        match view(&caller, &owner, &secret.record.roles) {
            View::Whole => one(&secret, true),
            View::WithoutData => one(&secret, false),
            View::Hidden => Err(VaultError::NotFound),
        }
    }
}
