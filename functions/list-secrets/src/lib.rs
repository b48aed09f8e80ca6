//! `GET /vault/api/v1/user/{user_id}/secrets`: a page of an owner's secrets.

use shared::deps::VaultDeps;
use shared::http::vault::{VaultApi, VaultError, page, page_query, secrets_path};
use shared::http::{Endpoint, RequestContext, Response};
use shared::vault::ListSecrets as Store;
use shared::vault::ListedSecret;
use shared::vault::rules::{Listing, may_list};

/// Lists an owner's secrets. The store can do nothing else.
#[derive(Debug)]
pub struct ListSecrets<S>(VaultDeps<S>);

impl<S: Store> ListSecrets<S> {
    /// An endpoint with these dependencies.
    #[must_use]
    pub fn new(deps: VaultDeps<S>) -> Self {
        Self(deps)
    }
}

impl<S: Store> Endpoint for ListSecrets<S> {
    type Api = VaultApi;
    const OPERATION: &'static str = "list-secrets";

    async fn answer(&self, request: &mut RequestContext) -> Result<Response, VaultError> {
        let caller = request.authenticate(&self.0.authenticator).await?;
        let owner = secrets_path(request.raw_path())?;
        request.owner = Some(owner.to_string());
        let listing = may_list(&caller, &owner)?;
        let asked = page_query(request)?;

        let (total, secrets) = self.0.vault.list(&owner, asked.offset, asked.limit).await?;

        for secret in &secrets {
            if let ListedSecret::Damaged(damaged) = secret {
                let secret_id = damaged.secret_id.map(|id| id.to_string());
                request.log_damaged(Self::OPERATION, secret_id.as_deref(), &damaged.cause.to_string());
            }
        }
        page(&owner, total, &secrets, listing == Listing::WithData)
    }
}
