//! `POST /vault/api/v1/user/{user_id}/secrets`: a new secret.

use shared::http::vault::{Problem, ProblemCode, Vault as Api, VaultError, created, read_draft, secrets_path};
use shared::http::{Answer, Call, Endpoint};
use shared::parts::VaultParts;
use shared::vault::CreateSecret as Store;
use shared::vault::rules::may_create;

/// Creates a secret. The store can do nothing else, and so can't read.
#[derive(Debug)]
pub struct CreateSecret<S>(VaultParts<S>);

impl<S: Store> CreateSecret<S> {
    /// An endpoint that works with these parts.
    #[must_use]
    pub fn new(parts: VaultParts<S>) -> Self {
        Self(parts)
    }
}

impl<S: Store> Endpoint for CreateSecret<S> {
    type Family = Api;
    const OPERATION: &'static str = "create-secret";

    async fn answer(&self, call: &mut Call) -> Result<Answer, VaultError> {
        let caller = call.authenticate(&self.0.authenticator).await?;
        let owner = secrets_path(call.raw_path())?;
        call.owner = Some(owner.to_string());
        may_create(&caller, &owner)?;
        let draft = read_draft(call.body(), &owner, self.0.limits)?;

        match self.0.vault.create(&owner, caller.id(), draft).await? {
            Some(record) => {
                call.secret_id = Some(record.revision.secret_id.to_string());
                created(&record)
            }
            None => {
                let message = "a secret of this name is there already; update it, or choose another name";
                Err(Problem::new(ProblemCode::ValueDuplicate, "name", message).into())
            }
        }
    }
}
