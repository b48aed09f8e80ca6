//! `GET /vault/api/v1/user/{user_id}/secrets`: a page of an owner's secrets.

use shared::http::vault::{Vault as Api, VaultError, page, page_query, secrets_path};
use shared::http::{Answer, Call, Endpoint};
use shared::parts::VaultParts;
use shared::vault::ListSecrets as Store;
use shared::vault::ListedSecret;
use shared::vault::rules::{Listing, may_list};

/// Lists an owner's secrets. The store can do nothing else.
#[derive(Debug)]
pub struct ListSecrets<S>(VaultParts<S>);

impl<S: Store> ListSecrets<S> {
    /// An endpoint that works with these parts.
    #[must_use]
    pub fn new(parts: VaultParts<S>) -> Self {
        Self(parts)
    }
}

impl<S: Store> Endpoint for ListSecrets<S> {
    type Family = Api;
    const OPERATION: &'static str = "list-secrets";

    async fn answer(&self, call: &mut Call) -> Result<Answer, VaultError> {
        let caller = call.authenticate(&self.0.authenticator).await?;
        let owner = secrets_path(call.raw_path())?;
        call.owner = Some(owner.to_string());
        let listing = may_list(&caller, &owner)?;
        let asked = page_query(call)?;

        let (total, secrets) = self.0.vault.list(&owner, asked.offset, asked.limit).await?;

        for secret in &secrets {
            if let ListedSecret::Damaged(damaged) = secret {
                let secret_id = damaged.secret_id.map(|id| id.to_string());
                call.log_damaged(Self::OPERATION, secret_id.as_deref(), &damaged.cause.to_string());
            }
        }
        page(&owner, total, &secrets, listing == Listing::WithData)
    }
}
