//! Claims of a token, read after its signature was verified.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::json::RawObject;
use crate::names::UserId;

use super::caller::Caller;
use super::error::TokenError;
use super::token_rules::{AcceptedValues, TokenRules};

/// The latest time that is taken for one, in seconds: the end of the year 9999.
const LATEST: f64 = 253_402_300_799.0;

/// Reads the claims of a token that was verified, as of `now` (seconds since 1970-01-01T00:00:00Z).
pub(super) fn read(claims: &[u8], rules: &TokenRules, now: u64) -> Result<Caller, TokenError> {
    let claims = RawObject::parse(claims).map_err(|_| TokenError::Malformed)?;
    check_times(&claims, rules, now)?;
    if let AcceptedValues::OneOf(issuers) = &rules.issuers {
        let issuer: Option<String> = claims.read("iss");
        issuer.filter(|issuer| issuers.contains(issuer)).ok_or(TokenError::Issuer)?;
    }
    if let AcceptedValues::OneOf(audiences) = &rules.audiences
        && !is_meant_for(&claims, audiences)
    {
        return Err(TokenError::Audience);
    }
    // The first of the configured claims that is there decides; a second one is not a fallback for a bad first. Null is
    // not there, in this claim as in any other.
    let claim = rules.user_claims.iter().find_map(|name| claims.get(name));
    let id: Option<String> = claim.and_then(|value| serde_json::from_str(value.get()).ok());
    let id = id.and_then(|id| UserId::parse(id).ok()).ok_or(TokenError::Claim("user"))?;
    Ok(Caller::new(
        id,
        scopes(&claims, rules)?,
        roles(&claims, &rules.role_claims)?,
        words(&claims, &rules.authority_claims, &[' ', ','], "authorities")?,
    ))
}

/// Tells whether a token is meant for one of these audiences. A token without `aud`, as Amazon Cognito's access tokens
/// are, is told by the client that it was issued to. An `aud` of the wrong type is no absent one.
fn is_meant_for(claims: &RawObject<'_>, audiences: &[String]) -> bool {
    match claims.get("aud") {
        Some(value) => one_or_many(value).is_some_and(|found| found.iter().any(|one| audiences.contains(one))),
        None => ["client_id", "azp"]
            .into_iter()
            .filter_map(|name| claims.read::<String>(name))
            .any(|client| audiences.contains(&client)),
    }
}

/// `exp` is required; `nbf` and `iat` are checked where they are there (RFC 7519, section 4.1).
fn check_times(claims: &RawObject<'_>, rules: &TokenRules, now: u64) -> Result<(), TokenError> {
    let leeway = rules.leeway_seconds;
    let expires = time(claims, "exp")?.ok_or(TokenError::Claim("exp"))?;
    if expires.saturating_add(leeway) <= now {
        return Err(TokenError::Expired);
    }
    if time(claims, "nbf")?.is_some_and(|starts| starts > now.saturating_add(leeway)) {
        return Err(TokenError::NotYet);
    }
    time(claims, "iat").map(drop)
}

/// A NumericDate in whole seconds: a number, not a string.
fn time(claims: &RawObject<'_>, name: &'static str) -> Result<Option<u64>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds: f64 = serde_json::from_str(value.get()).map_err(|_| TokenError::Claim(name))?;
    if !(0.0..=LATEST).contains(&seconds) {
        return Err(TokenError::Claim(name));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was just checked")]
    Ok(Some(seconds as u64))
}

/// A string, or an array of strings.
fn one_or_many(value: &RawValue) -> Option<Vec<String>> {
    serde_json::from_str(value.get()).ok().or_else(|| serde_json::from_str(value.get()).ok().map(|one| vec![one]))
}

/// Scopes of a token. With a prefix, words without it are scopes of another API: its `admin` is not ours.
fn scopes(claims: &RawObject<'_>, rules: &TokenRules) -> Result<BTreeSet<String>, TokenError> {
    let words = words(claims, &rules.scope_claims, &[' ', ','], "scopes")?;
    let scopes = words.iter().filter_map(|word| word.strip_prefix(&rules.scope_prefix));
    Ok(scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

/// Words of all these claims: a string cut at `separators`, the elements of an array as they are. Only strings count.
/// A claim of another type is refused: an object may say that a scope is not granted, and no reader here would see it.
fn words(
    claims: &RawObject<'_>,
    names: &[String],
    separators: &[char],
    what: &'static str,
) -> Result<BTreeSet<String>, TokenError> {
    let mut words = BTreeSet::new();
    for value in names.iter().filter_map(|name| claims.get(name)) {
        match strings(value, separators) {
            Some(found) => words.extend(found),
            None => return Err(TokenError::Claim(what)),
        }
    }
    Ok(words)
}

/// Role ids of all these claims: as words, or in arrays that also have objects.
fn roles(claims: &RawObject<'_>, names: &[String]) -> Result<BTreeSet<String>, TokenError> {
    let mut roles = BTreeSet::new();
    for value in names.iter().filter_map(|name| claims.get(name)) {
        if let Some(found) = strings(value, &[',']) {
            roles.extend(found);
            continue;
        }
        let list: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| ROLES)?;
        for entry in list {
            roles.extend(role(entry)?.filter(|id| !id.is_empty()));
        }
    }
    Ok(roles)
}

const ROLES: TokenError = TokenError::Claim("roles");

/// Id of a role: the entry itself, or the member `id` of an object as PrivX writes roles. A deleted role has none, even
/// with an `id`.
fn role(entry: &RawValue) -> Result<Option<String>, TokenError> {
    if let Ok(id) = serde_json::from_str(entry.get()) {
        return Ok(Some(id));
    }
    let object = RawObject::parse(entry.get().as_bytes()).map_err(|_| ROLES)?;
    let deleted = match object.get("deleted") {
        Some(deleted) => serde_json::from_str(deleted.get()).map_err(|_| ROLES)?,
        None => false,
    };
    if deleted { Ok(None) } else { object.read("id").map(Some).ok_or(ROLES) }
}

/// Words of a string, cut at `separators`, or of an array of strings.
fn strings(value: &RawValue, separators: &[char]) -> Option<Vec<String>> {
    let words: Vec<String> = if let Ok(text) = serde_json::from_str::<String>(value.get()) {
        text.split(separators).map(|word| word.trim().to_owned()).collect()
    } else {
        serde_json::from_str(value.get()).ok()?
    };
    Some(words.into_iter().filter(|word| !word.is_empty()).collect())
}
