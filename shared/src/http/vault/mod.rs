//! The vault API's side of HTTP: its paths, bodies and errors.

mod answer;
mod error;
mod path;
mod query;
mod request;
mod wire;

pub use answer::{created, deleted, one, page, updated};
pub use error::{ErrorBody, Problem, ProblemCode, Vault, VaultError};
pub use path::{secret_path, secrets_path};
pub use query::{IfMatch, Page, if_match, page_query};
pub use request::{Limits, Patch, read_draft, read_patch};
pub use wire::{CreateBody, CreatedBody, RoleAnswer, RoleBody, SecretAnswer, SecretListAnswer, UpdateBody};
