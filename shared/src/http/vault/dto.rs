//! Bodies of requests and responses: the answers' forms, and the requests' for the API description.

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::ErrorBody;

/// A role in a request.
#[cfg(feature = "openapi")]
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = RoleRequest)]
pub struct RoleBody {
    /// The role's id: 1 to 256 bytes.
    pub id: String,
    /// Ignored.
    pub name: Option<serde_json::Value>,
    /// Ignored: a role with `true` is stored like any other.
    pub deleted: Option<serde_json::Value>,
}

// Bodies are read member by member, so that all their errors are found; these types are their description.

/// A secret to be created.
#[cfg(feature = "openapi")]
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = SecretCreate)]
pub struct CreateBody {
    /// The secret's name, unique for its owner: 1 to 512 bytes of UTF-8 without control characters.
    #[schema(min_length = 1, max_length = 512, example = "database")]
    pub name: String,
    /// Data to store. It comes back byte for byte.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// Roles that may read the secret; at most 100.
    pub read_roles: Option<Vec<RoleBody>>,
    /// Roles that may replace the secret; at most 100.
    pub write_roles: Option<Vec<RoleBody>>,
    /// The `user_id` of the path, absent or null; anybody else's is refused.
    pub owner_id: Option<String>,
}

/// Changes of a secret. A missing or null field keeps the stored value.
#[cfg(feature = "openapi")]
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = SecretUpdate)]
pub struct UpdateBody {
    /// Data to store instead.
    #[schema(value_type = Option<Object>)]
    pub data: Option<serde_json::Value>,
    /// Roles that may read the secret; an empty list clears it.
    pub read_roles: Option<Vec<RoleBody>>,
    /// Roles that may replace the secret; an empty list clears it.
    pub write_roles: Option<Vec<RoleBody>>,
}

/// The answer to a create.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecretCreated))]
pub struct CreatedBody<'a> {
    /// The secret's name.
    pub name: &'a str,
}

/// A role in an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Role))]
pub struct RoleResponse<'a> {
    /// The role's id.
    pub id: &'a str,
    /// Empty: names of roles are not kept here.
    pub name: &'a str,
    /// Always false: whether a role was deleted is not known here.
    pub deleted: bool,
}

/// A secret in an answer. Holds plaintext, and so has no `Debug`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Secret))]
pub struct SecretResponse<'a> {
    /// Its name.
    pub name: &'a str,
    /// Stored data, byte for byte; absent for callers without the right to read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, nullable = false))]
    pub data: Option<&'a RawValue>,
    /// Roles that may read it, in the order given.
    pub read_roles: Vec<RoleResponse<'a>>,
    /// Roles that may replace it, in the order given.
    pub write_roles: Vec<RoleResponse<'a>>,
    /// Creator.
    pub author: &'a str,
    /// Its path.
    pub path: String,
    /// Last writer.
    pub updated_by: &'a str,
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created: String,
    /// When it was written last.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated: String,
    /// Owner.
    pub owner_id: &'a str,
}

/// A listed secret that can't be read, for its stored form was damaged. It can be deleted.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = DamagedSecret))]
pub struct DamagedSecretResponse<'a> {
    /// Its name.
    pub name: &'a str,
    /// Empty.
    pub read_roles: Vec<RoleResponse<'a>>,
    /// Empty.
    pub write_roles: Vec<RoleResponse<'a>>,
    /// Its path.
    pub path: String,
    /// Owner.
    pub owner_id: &'a str,
    /// Error that keeps it from being read.
    pub error: ErrorBody,
}

/// A secret of a page. Holds plaintext, and so has no `Debug`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", schema(as = ListedSecret))]
pub enum ListedSecretResponse<'a> {
    /// A secret.
    Whole(SecretResponse<'a>),
    /// A secret that can't be read.
    Damaged(DamagedSecretResponse<'a>),
}

/// A page of secrets. Holds plaintext, and so has no `Debug`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecretList))]
pub struct SecretListResponse<'a> {
    /// Number of the owner's secrets.
    pub count: u64,
    /// The page, ordered by name, bytewise.
    pub items: Vec<ListedSecretResponse<'a>>,
}
