//! The vault's answers.

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::http::response::Response;
use crate::names::{RoleId, SecretName, UserId};
use crate::vault::{ListedSecret, Secret, SecretData, SecretRecord};

use super::dto::{
    CreatedBody, DamagedSecretResponse, ListedSecretResponse, RoleResponse, SecretListResponse, SecretResponse,
};
use super::error::{ErrorBody, ErrorCode, FieldError, VaultError};
use super::path::of_secret;

/// RFC 3339 in UTC, always with milliseconds.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

fn time(ms: u64) -> Result<String, VaultError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(TIME).ok())
        .ok_or_else(|| VaultError::Internal("a stored time is out of range".to_owned()))
}

fn roles(roles: &[RoleId]) -> Vec<RoleResponse<'_>> {
    roles.iter().map(|role| RoleResponse { id: role.as_str(), name: "", deleted: false }).collect()
}

fn secret<'a>(record: &'a SecretRecord, data: Option<&'a SecretData>) -> Result<SecretResponse<'a>, VaultError> {
    // The plaintext is exposed to the caller that asked for it.
    let data: Option<&RawValue> = data
        .map(|data| serde_json::from_slice(data.expose()))
        .transpose()
        .map_err(|_| VaultError::Internal("stored data is not JSON".to_owned()))?;
    Ok(SecretResponse {
        name: record.name.as_str(),
        data,
        read_roles: roles(&record.roles.read),
        write_roles: roles(&record.roles.write),
        author: record.author.as_str(),
        path: of_secret(&record.owner, &record.name),
        updated_by: record.updated_by.as_str(),
        created: time(record.created_ms)?,
        updated: time(record.updated_ms)?,
        owner_id: record.owner.as_str(),
    })
}

/// A secret that doesn't open: its name is its key, all else in the item is unverified and isn't shown.
fn damaged_secret<'a>(owner: &'a UserId, name: &'a SecretName) -> DamagedSecretResponse<'a> {
    DamagedSecretResponse {
        name: name.as_str(),
        read_roles: Vec::new(),
        write_roles: Vec::new(),
        path: of_secret(owner, name),
        owner_id: owner.as_str(),
        error: ErrorBody::damaged(),
    }
}

fn json(status: StatusCode, body: &impl serde::Serialize) -> Result<Response, VaultError> {
    let text = serde_json::to_string(body).map_err(|error| VaultError::Internal(error.to_string()))?;
    Ok(Response::json(status, text))
}

/// 200 with one secret, with or without its data.
///
/// # Errors
/// [`VaultError::Internal`] if the stored secret can't be shown.
pub fn one(shown: &Secret, with_data: bool) -> Result<Response, VaultError> {
    let body = secret(&shown.record, with_data.then_some(&shown.data))?;
    Ok(json(StatusCode::OK, &body)?.with(ETAG, &shown.record.revision.entity_tag()))
}

/// 201 with the name of a new secret and its path.
///
/// # Errors
/// [`VaultError::Internal`] if a name can't be shown, which no name can bring about.
pub fn created(record: &SecretRecord) -> Result<Response, VaultError> {
    let answer = json(StatusCode::CREATED, &CreatedBody { name: record.name.as_str() })?;
    Ok(answer.with(LOCATION, &of_secret(&record.owner, &record.name)).with(ETAG, &record.revision.entity_tag()))
}

/// 200 without a body: the secret has a new state.
#[must_use]
pub fn updated(record: &SecretRecord) -> Response {
    Response::empty(StatusCode::OK).with(ETAG, &record.revision.entity_tag())
}

/// 200 without a body: the secret is gone, and has no state left to name.
#[must_use]
pub fn deleted() -> Response {
    Response::empty(StatusCode::OK)
}

/// 200 with a page of secrets, with or without their data. The page's entity tag changes with its content.
///
/// # Errors
/// [`VaultError::Invalid`] on `limit` if the gateway couldn't carry the page.
pub fn page(owner: &UserId, total: u64, secrets: &[ListedSecret], with_data: bool) -> Result<Response, VaultError> {
    let items = secrets
        .iter()
        .map(|listed| match listed {
            ListedSecret::Whole(shown) => {
                secret(&shown.record, with_data.then_some(&shown.data)).map(ListedSecretResponse::Whole)
            }
            ListedSecret::Damaged(damaged) => Ok(ListedSecretResponse::Damaged(damaged_secret(owner, &damaged.name))),
        })
        .collect::<Result<_, _>>()?;
    let answer = json(StatusCode::OK, &SecretListResponse { count: total, items })?;
    // Over the revisions rather than the body, so that no digest of plaintext leaves.
    let tags: String = secrets
        .iter()
        .map(|listed| match listed {
            ListedSecret::Whole(shown) => shown.record.revision.entity_tag(),
            ListedSecret::Damaged(damaged) => format!("\"damaged {}\"", damaged.name.as_str()),
        })
        .collect();
    let digest = digest(&SHA256, format!("{total} {with_data} {tags}").as_bytes());
    let tag = hex::encode(digest.as_ref().get(..16).unwrap_or_default());
    let answer = answer.with(ETAG, &format!("\"{tag}\""));
    if answer.fits() {
        Ok(answer)
    } else {
        let message = "limit is too large for secrets of this size; ask for smaller pages";
        Err(FieldError::new(ErrorCode::ValueOutOfBounds, "limit", message).into())
    }
}
