//! The bodies of create and update. All errors of a body are found, not just the first.

use serde_json::value::RawValue;

use crate::json::{RawObject, kind};
use crate::names::{RoleId, SecretName, TextError, UserId};
use crate::vault::{Draft, Limits, RoleLists, SecretData};

use super::error::{ErrorCode, FieldError, VaultError};

/// Changes of an update; `None` keeps the stored value.
#[derive(Debug)]
pub struct Patch {
    /// New data.
    pub data: Option<SecretData>,
    /// New read roles.
    pub read_roles: Option<Vec<RoleId>>,
    /// New write roles.
    pub write_roles: Option<Vec<RoleId>>,
}

/// Reads the body of a create for `owner`.
///
/// # Errors
/// [`VaultError::TooLarge`], [`VaultError::BadRequest`], or [`VaultError::InvalidBody`] with all that is wrong.
pub fn read_draft(body: &[u8], owner: &UserId, limits: Limits) -> Result<Draft, VaultError> {
    let mut reader = Reader::new(body, limits)?;
    let name = reader.name();
    let data = reader.data();
    let read = reader.roles("read_roles");
    let write = reader.roles("write_roles");
    reader.owner_is(owner);
    if name.is_none() && !reader.has_error("name") {
        reader.missing("name", "a string of 1 to 512 bytes");
    }
    if data.is_none() && !reader.has_error("data") {
        reader.missing("data", "a JSON object");
    }
    let roles = RoleLists { read: read.unwrap_or_default(), write: write.unwrap_or_default() };
    match (reader.finish(), name, data) {
        (Ok(()), Some(name), Some(data)) => Ok(Draft { name, data, roles }),
        (Err(error), ..) => Err(error),
        // A field that is missing was reported.
        (Ok(()), ..) => Err(VaultError::Internal("a body without errors lacks a field".to_owned())),
    }
}

/// Reads the body of an update. The path names the secret: a name or an owner in the body is ignored.
///
/// # Errors
/// As [`read_draft`].
pub fn read_patch(body: &[u8], limits: Limits) -> Result<Patch, VaultError> {
    let mut reader = Reader::new(body, limits)?;
    let patch =
        Patch { data: reader.data(), read_roles: reader.roles("read_roles"), write_roles: reader.roles("write_roles") };
    reader.finish().map(|()| patch)
}

/// A body's members, and the errors found in them.
struct Reader<'a> {
    members: RawObject<'a>,
    limits: Limits,
    errors: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8], limits: Limits) -> Result<Self, VaultError> {
        if body.len() > limits.max_body_bytes() {
            return Err(VaultError::TooLarge { limit: limits.max_body_bytes() });
        }
        // The library's message may quote the body; place and kind of the error are enough.
        let members = RawObject::parse(body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            VaultError::BadRequest(match error.classify() {
                serde_json::error::Category::Data => {
                    format!("The body must be a JSON object in UTF-8 that names each member once ({place})")
                }
                _ => format!("The body is not JSON in UTF-8 ({place})"),
            })
        })?;
        Ok(Self { members, limits, errors: Vec::new() })
    }

    fn finish(self) -> Result<(), VaultError> {
        if self.errors.is_empty() { Ok(()) } else { Err(VaultError::InvalidBody(self.errors)) }
    }

    fn has_error(&self, property: &str) -> bool {
        self.errors.iter().any(|error| error.property == property)
    }

    fn error(&mut self, code: ErrorCode, property: impl Into<String>, message: String) {
        self.errors.push(FieldError::new(code, property, message));
    }

    fn missing(&mut self, property: &str, right: &str) {
        self.error(ErrorCode::RequiredValueMissing, property, format!("{property} is required: {right}"));
    }

    fn wrong_type(&mut self, property: &str, right: &str, value: &RawValue) {
        let message = format!("{property} must be {right}, and is {}", kind(value));
        self.error(ErrorCode::ValueIncorrectType, property, message);
    }

    fn bad_text(&mut self, property: &str, error: TextError) {
        let code = match error {
            TextError::TooLong { .. } => ErrorCode::ValueOutOfBounds,
            _ => ErrorCode::ValueIncorrectFormat,
        };
        self.error(code, property, format!("{property} {error}"));
    }

    /// A string, if the value is one and its escapes are Unicode.
    fn text(&mut self, property: &str, value: &RawValue) -> Option<String> {
        if !value.get().starts_with('"') {
            self.wrong_type(property, "a string", value);
            return None;
        }
        let text = serde_json::from_str(value.get()).ok();
        if text.is_none() {
            let message = format!("{property} must be Unicode text, without lone surrogates");
            self.error(ErrorCode::ValueIncorrectFormat, property, message);
        }
        text
    }

    fn name(&mut self) -> Option<SecretName> {
        let value = self.members.get("name")?;
        let text = self.text("name", value)?;
        SecretName::parse(text).map_err(|error| self.bad_text("name", error)).ok()
    }

    fn data(&mut self) -> Option<SecretData> {
        let value = self.members.get("data")?;
        if !value.get().starts_with('{') {
            self.wrong_type("data", "a JSON object", value);
            return None;
        }
        let (length, limit) = (value.get().len(), self.limits.max_data_bytes);
        if length > limit {
            let message = format!("data must have at most {limit} bytes as sent, and has {length}");
            self.error(ErrorCode::ValueOutOfBounds, "data", message);
            return None;
        }
        Some(SecretData::new(value.get().as_bytes().to_vec()))
    }

    fn roles(&mut self, property: &str) -> Option<Vec<RoleId>> {
        let value = self.members.get(property)?;
        let Ok(roles) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
            self.wrong_type(property, "an array of roles", value);
            return None;
        };
        if roles.len() > Limits::MAX_ROLES {
            let message = format!("{property} must have at most {} roles, and has {}", Limits::MAX_ROLES, roles.len());
            self.error(ErrorCode::ValueOutOfBounds, property, message);
            return None;
        }
        Some(
            roles
                .into_iter()
                .enumerate()
                .filter_map(|(i, role)| self.role(&format!("{property}[{i}]"), role))
                .collect(),
        )
    }

    /// The id of one role. Its name is ignored, as the API says.
    fn role(&mut self, property: &str, value: &RawValue) -> Option<RoleId> {
        if !value.get().starts_with('{') {
            self.wrong_type(property, "an object with an id", value);
            return None;
        }
        let Ok(members) = RawObject::parse(value.get().as_bytes()) else {
            let message = format!("{property} must name each member once");
            self.error(ErrorCode::ValueIncorrectFormat, property, message);
            return None;
        };
        let property = format!("{property}.id");
        let Some(id) = members.get("id") else {
            self.missing(&property, "the role's id, a string");
            return None;
        };
        let text = self.text(&property, id)?;
        RoleId::parse(text).map_err(|error| self.bad_text(&property, error)).ok()
    }

    fn owner_is(&mut self, owner: &UserId) {
        let Some(value) = self.members.get("owner_id") else { return };
        let Some(text) = self.text("owner_id", value) else { return };
        if text != owner.as_str() {
            let message = "owner_id must be the user id of the path, or absent".to_owned();
            self.error(ErrorCode::InvalidRequestData, "owner_id", message);
        }
    }
}
