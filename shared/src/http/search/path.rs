//! The search API's path.

use crate::http::path;
use crate::names::{DocumentId, IndexName};

use super::error::SearchError;

/// The index and the id of a path that ends in `/{index}/{id}`.
///
/// # Errors
/// [`SearchError::UnknownIndex`] or [`SearchError::BadId`].
pub fn document_path(raw_path: &str) -> Result<(IndexName, DocumentId), SearchError> {
    let [index, id] = path::last_segments(raw_path).ok_or(SearchError::NoRoute)?;
    let index = path::decode(index).ok().as_deref().and_then(IndexName::parse).ok_or(SearchError::UnknownIndex)?;
    let id = path::decode(id).map_err(|error| SearchError::BadId(error.to_string()))?;
    let id = DocumentId::parse(id).map_err(|error| SearchError::BadId(error.to_string()))?;
    Ok((index, id))
}
