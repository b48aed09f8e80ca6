//! The vault API's side of HTTP: its paths, bodies and errors.

mod dto;
mod error;
mod path;
mod query;
mod request;
mod response;

#[cfg(feature = "openapi")]
pub use dto::{CreateBody, RoleBody, UpdateBody};
pub use dto::{CreatedBody, RoleResponse, SecretListResponse, SecretResponse};
pub use error::{ErrorBody, ErrorCode, FieldError, VaultApi, VaultError};
pub use path::{secret_path, secrets_path};
pub use query::{IfMatch, Page, if_match, page_query};
pub use request::{Patch, read_draft, read_patch};
pub use response::{created, deleted, one, page, updated};
