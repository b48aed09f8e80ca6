//! The search API's side of HTTP: its path and its errors.

mod body;
mod error;
mod messages;
mod path;

pub use body::{ErrorMessage, ErrorResponse, RateLimitBody, UnauthorizedBody};
pub use error::{SearchApi, SearchError};
pub use path::document_path;
