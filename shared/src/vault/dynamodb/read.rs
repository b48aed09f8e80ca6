//! Reading: one secret, a page of names, the secrets of a page.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Select};

use crate::backoff::Backoff;
use crate::names::{SecretName, UserId};
use crate::vault::store::{FoundSecret, ListSecrets, ReadSecret, SecretPage, SecretStoreError};

use super::error::store_error;
use super::item::{self, Item};
use super::{DynamoDbVault, NAMES_INDEX};

/// Rounds in which the keys that a batch read left over are requested again.
const BATCH_ROUNDS: u32 = 5;
/// Number of names behind a page that are read with it. The names behind them are only counted. That is one more call,
/// but spares the transfer and decoding of the names: for an owner of thousands that is more than all the rest.
const NAMES_AHEAD: u64 = 500;

impl ReadSecret for DynamoDbVault {
    async fn read(&self, owner: &UserId, name: &SecretName) -> Result<Option<FoundSecret>, SecretStoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::key(owner, name)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_error("GetItem", &error))?;
        Ok(answer.item.map(|item| found(item, owner, name)))
    }
}

/// Takes the item that the table gave for this owner and name.
fn found(item: Item, owner: &UserId, name: &SecretName) -> FoundSecret {
    let (secret_id, claimed_roles) = (item::secret_id(&item), item::claimed_roles(&item));
    let sealed = item::decode(item).and_then(|stored| {
        if stored.record.owner == *owner && stored.record.name == *name {
            Ok(stored)
        } else {
            Err(SecretStoreError::Damaged("the table gave another item than the one asked for".to_owned()))
        }
    });
    FoundSecret { secret_id, claimed_roles, sealed }
}

impl ListSecrets for DynamoDbVault {
    async fn page(&self, owner: &UserId, offset: u64, limit: usize) -> Result<SecretPage, SecretStoreError> {
        let Names { names, read, rest } = self.names(owner, offset, limit).await?;
        let (secrets, counted) = tokio::try_join!(self.read_all(owner, &names), self.count(owner, rest))?;
        Ok(SecretPage { total: read + counted, secrets })
    }
}

/// Names of an owner that were read.
struct Names {
    /// The page's names.
    names: Vec<SecretName>,
    /// Number of names that were read.
    read: u64,
    /// The key after which more may be.
    rest: Option<Item>,
}

impl DynamoDbVault {
    /// A query of an owner's names, after the key `from`.
    fn query_names(&self, owner: &UserId, from: Option<Item>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(NAMES_INDEX)
            .key_condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", item::OWNER)
            .expression_attribute_values(":owner", item::text(owner.as_str()))
            .consistent_read(true)
            .set_exclusive_start_key(from)
    }

    /// The page's names, and those before it, and some of those behind it.
    async fn names(&self, owner: &UserId, offset: u64, limit: usize) -> Result<Names, SecretStoreError> {
        let most = offset.saturating_add(limit as u64).saturating_add(NAMES_AHEAD);
        let mut page = Names { names: Vec::new(), read: 0, rest: None };
        // One round for about a megabyte of keys: 1,900 secrets with the longest names, some 20,000 with usual ones.
        loop {
            let at_once = i32::try_from(most - page.read).unwrap_or(i32::MAX);
            let query = self.query_names(owner, page.rest).limit(at_once);
            let answer = query.send().await.map_err(|error| store_error("Query", &error))?;
            for key in answer.items.unwrap_or_default() {
                let on_page = page.read >= offset && page.read - offset < limit as u64;
                page.read += 1;
                if !on_page {
                    continue;
                }
                match item::decode_name(&key) {
                    Ok(name) => page.names.push(name),
                    // No path leads to it, so that its owner can't delete it; docs/OPERATIONS.md says how it is removed.
                    Err(key_of_no_name) => tracing::error!(
                        owner = owner.as_str(),
                        key = key_of_no_name,
                        "an item of the table has a key that is no name"
                    ),
                }
            }
            page.rest = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if page.rest.is_none() || page.read >= most {
                return Ok(page);
            }
        }
    }

    /// Number of names after the key `from`; none if there is no such key.
    async fn count(&self, owner: &UserId, mut from: Option<Item>) -> Result<u64, SecretStoreError> {
        let mut counted = 0;
        while from.is_some() {
            let query = self.query_names(owner, from).select(Select::Count);
            let answer = query.send().await.map_err(|error| store_error("Query", &error))?;
            counted += u64::try_from(answer.count).unwrap_or_default();
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
        }
        Ok(counted)
    }

    /// The secrets of these names, at most 100, in the order of the names; without those that are gone. The error of
    /// one of them comes with it.
    async fn read_all(
        &self,
        owner: &UserId,
        names: &[SecretName],
    ) -> Result<Vec<(SecretName, FoundSecret)>, SecretStoreError> {
        let mut keys: Vec<Item> = names.iter().map(|name| item::key(owner, name)).collect();
        let mut secrets = HashMap::with_capacity(names.len());
        let mut round = 0;
        let mut backoff = Backoff::new(Duration::from_millis(40), Duration::from_secs(1));
        while !keys.is_empty() {
            if round > 0 {
                // DynamoDB left keys over: it is short of capacity, or the answer reached its 16 MB.
                tokio::time::sleep(backoff.wait()).await;
            }
            if round == BATCH_ROUNDS {
                return Err(SecretStoreError::Throttled("BatchGetItem keeps leaving keys over".to_owned()));
            }
            round += 1;
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(|error| SecretStoreError::Failed(format!("BatchGetItem: {error}")))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, asked)
                .send()
                .await
                .map_err(|error| store_error("BatchGetItem", &error))?;
            for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                // The key is the requested one: the table gives no item without.
                let name = item::decode_name(&item)
                    .map_err(|_| SecretStoreError::Failed("BatchGetItem: an item that was not asked for".to_owned()))?;
                let secret = found(item, owner, &name);
                secrets.insert(name, secret);
            }
            keys = answer
                .unprocessed_keys
                .unwrap_or_default()
                .remove(&self.table)
                .map(|left| left.keys)
                .unwrap_or_default();
        }
        // A name of a secret that was deleted since has nothing to show.
        Ok(names.iter().filter_map(|name| secrets.remove_entry(name)).collect())
    }
}
