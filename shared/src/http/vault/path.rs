//! The vault's paths: `…/user/{user_id}/secrets` and `…/user/{user_id}/secrets/{name}`.

use crate::http::path::{decode, last_segments};
use crate::names::{SecretName, TextError, UserId};
use crate::url_encoding::encode;

use super::error::{ErrorCode, FieldError, VaultError};

/// The path of one secret, as answers and `Location` give it.
pub(super) fn of_secret(owner: &UserId, name: &SecretName) -> String {
    format!("/vault/api/v1/user/{}/secrets/{}", encode(owner.as_str()), encode(name.as_str()))
}

/// The owner in the path of a list.
///
/// # Errors
/// [`VaultError::Invalid`] for a bad id, [`VaultError::NoRoute`] for another path.
pub fn secrets_path(raw_path: &str) -> Result<UserId, VaultError> {
    match last_segments(raw_path) {
        Some(["user", owner, "secrets"]) => owner_id(owner),
        _ => Err(VaultError::NoRoute),
    }
}

/// The owner and the name in the path of a secret.
///
/// # Errors
/// [`VaultError::Invalid`] for a bad id or name, [`VaultError::NoRoute`] for another path.
pub fn secret_path(raw_path: &str) -> Result<(UserId, SecretName), VaultError> {
    match last_segments(raw_path) {
        Some(["user", owner, "secrets", name]) => Ok((owner_id(owner)?, segment("name", name, SecretName::parse)?)),
        _ => Err(VaultError::NoRoute),
    }
}

fn owner_id(raw: &str) -> Result<UserId, VaultError> {
    segment("user_id", raw, UserId::parse)
}

fn segment<T>(property: &str, raw: &str, parse: impl FnOnce(String) -> Result<T, TextError>) -> Result<T, VaultError> {
    let bad = |why: &dyn std::fmt::Display| {
        FieldError::new(ErrorCode::ValueIncorrectFormat, property, format!("{property} in the path {why}"))
    };
    let text = decode(raw).map_err(|error| bad(&error))?;
    parse(text).map_err(|reason| {
        let error = bad(&reason);
        let out_of_bounds = matches!(reason, TextError::TooLong { .. });
        if out_of_bounds { FieldError { code: ErrorCode::ValueOutOfBounds, ..error } } else { error }.into()
    })
}
