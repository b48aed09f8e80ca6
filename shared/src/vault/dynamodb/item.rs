//! A sealed secret as an item. An item has exactly these attributes, each of its type; one more or one less is damage.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::names::{RoleId, SecretName, UserId};
use crate::random::RandomId;
use crate::vault::secret::{Revision, RoleLists, SealedSecret, SecretRecord};
use crate::vault::store::SecretStoreError;

/// Partition key.
pub(super) const OWNER: &str = "owner";
/// Sort key.
pub(super) const NAME: &str = "name";
pub(super) const SECRET_ID: &str = "secret_id";
pub(super) const VERSION: &str = "version";
pub(super) const WRITE_ID: &str = "write_id";
const AUTHOR: &str = "author";
const UPDATED_BY: &str = "updated_by";
const CREATED: &str = "created_ms";
const UPDATED: &str = "updated_ms";
const READ_ROLES: &str = "read_roles";
const WRITE_ROLES: &str = "write_roles";
const SEALED: &str = "sealed";

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn binary(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn key(owner: &UserId, name: &SecretName) -> Item {
    HashMap::from([(OWNER.to_owned(), text(owner.as_str())), (NAME.to_owned(), text(name.as_str()))])
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn roles(roles: &[RoleId]) -> AttributeValue {
    AttributeValue::L(roles.iter().map(|role| text(role.as_str())).collect())
}

pub(super) fn encode(secret: &SealedSecret) -> Item {
    let record = &secret.record;
    let mut item = key(&record.owner, &record.name);
    item.extend(
        [
            (SECRET_ID, binary(record.revision.secret_id.as_bytes())),
            (VERSION, number(record.revision.version)),
            (WRITE_ID, binary(record.write_id.as_bytes())),
            (AUTHOR, text(record.author.as_str())),
            (UPDATED_BY, text(record.updated_by.as_str())),
            (CREATED, number(record.created_ms)),
            (UPDATED, number(record.updated_ms)),
            (READ_ROLES, roles(&record.roles.read)),
            (WRITE_ROLES, roles(&record.roles.write)),
            (SEALED, binary(&secret.sealed)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    item
}

/// The secret's id that an item holds, for the log.
pub(super) fn secret_id(item: &Item) -> Option<RandomId> {
    RandomId::from_bytes(item.get(SECRET_ID)?.as_b().ok()?.as_ref())
}

/// Roles that an item names. A list that can't be read names no role.
pub(super) fn claimed_roles(item: &Item) -> RoleLists {
    let list = |attribute| {
        let roles = item.get(attribute).and_then(|value: &AttributeValue| value.as_l().ok());
        let texts = roles.into_iter().flatten().filter_map(|role| role.as_s().ok());
        texts.filter_map(|text| RoleId::parse(text.as_str()).ok()).collect()
    };
    RoleLists { read: list(READ_ROLES), write: list(WRITE_ROLES) }
}

/// Takes an item's attributes one by one, so that further ones are noticed.
struct Attributes(Item);

impl Attributes {
    fn take<T>(&mut self, name: &str, read: impl FnOnce(AttributeValue) -> Option<T>) -> Result<T, SecretStoreError> {
        let value = self.0.remove(name).ok_or_else(|| damaged(name, "is missing"))?;
        read(value).ok_or_else(|| damaged(name, "has an unacceptable value"))
    }

    fn user(&mut self, name: &str) -> Result<UserId, SecretStoreError> {
        self.take(name, |value| UserId::parse(into_text(value)?).ok())
    }

    fn number(&mut self, name: &str) -> Result<u64, SecretStoreError> {
        self.take(name, |value| value.as_n().ok()?.parse().ok())
    }

    fn random_id(&mut self, name: &str) -> Result<RandomId, SecretStoreError> {
        self.take(name, |value| RandomId::from_bytes(value.as_b().ok()?.as_ref()))
    }

    fn roles(&mut self, name: &str) -> Result<Vec<RoleId>, SecretStoreError> {
        self.take(name, |value| match value {
            AttributeValue::L(roles) => roles.into_iter().map(|role| RoleId::parse(into_text(role)?).ok()).collect(),
            _ => None,
        })
    }
}

fn into_text(value: AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

fn damaged(attribute: &str, what: &str) -> SecretStoreError {
    SecretStoreError::Damaged(format!("attribute `{attribute}` {what}"))
}

/// Name in a key.
///
/// # Errors
/// Text in the place of the name, cut to a length that a log line can hold.
pub(super) fn decode_name(item: &Item) -> Result<SecretName, String> {
    let text = item.get(NAME).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    SecretName::parse(text).map_err(|_| text.chars().take(1024).collect())
}

/// Reads an item that the table gave. The error of one comes with the id that it holds, so that it can be found.
pub(super) fn decode(item: Item) -> Result<SealedSecret, SecretStoreError> {
    let id = secret_id(&item).map_or_else(|| "of an unknown id".to_owned(), |id| id.to_string());
    decode_checked(item).map_err(|error| match error {
        SecretStoreError::Damaged(what) => SecretStoreError::Damaged(format!("secret {id}: {what}")),
        other => other,
    })
}

fn decode_checked(item: Item) -> Result<SealedSecret, SecretStoreError> {
    let mut attributes = Attributes(item);
    let record = SecretRecord {
        owner: attributes.user(OWNER)?,
        name: attributes.take(NAME, |value| SecretName::parse(into_text(value)?).ok())?,
        revision: Revision { secret_id: attributes.random_id(SECRET_ID)?, version: attributes.number(VERSION)? },
        write_id: attributes.random_id(WRITE_ID)?,
        author: attributes.user(AUTHOR)?,
        updated_by: attributes.user(UPDATED_BY)?,
        created_ms: attributes.number(CREATED)?,
        updated_ms: attributes.number(UPDATED)?,
        roles: RoleLists { read: attributes.roles(READ_ROLES)?, write: attributes.roles(WRITE_ROLES)? },
    };
    let sealed = attributes.take(SEALED, |value| match value {
        AttributeValue::B(blob) => Some(blob.into_inner()),
        _ => None,
    })?;
    match attributes.0.keys().next() {
        Some(unknown) => Err(damaged(unknown, "is not one of a secret's")),
        None => Ok(SealedSecret { record, sealed }),
    }
}
