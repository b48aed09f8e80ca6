//! `GET /vault/api/v1/user/{user_id}/secrets/{name}`: one secret.

use shared::http::vault::{Vault as Api, VaultError, one, secret_path};
use shared::http::{Answer, Call, Endpoint};
use shared::parts::VaultParts;
use shared::vault::ReadSecret;
use shared::vault::rules::{View, may_ask, view};

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

        let secret = self.0.vault.read(&owner, &name).await?.ok_or(VaultError::NotFound)?;

        call.secret_id = Some(secret.record.revision.secret_id.to_string());
        match view(&caller, &owner, &secret.record.roles) {
            View::Whole => one(&secret, true),
            View::WithoutData => one(&secret, false),
            View::Hidden => Err(VaultError::NotFound),
        }
    }
}
