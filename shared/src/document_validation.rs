//! Validation of documents from every source.

mod parser_limits;

use bytes::Bytes;
use http::StatusCode;

use crate::http::Response;
use crate::json::RawObject;
use crate::names::DocumentId;
use crate::search::DocumentBytes;
use crate::search::tombstone::DELETED;

/// A document that can be read again once it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidDocument {
    /// Its id.
    pub id: DocumentId,
    /// Its bytes.
    pub document: DocumentBytes,
}

impl ValidDocument {
    /// Accepts bytes that are a document which can be read again: a JSON object with an id, small enough to be answered.
    ///
    /// # Errors
    /// The error of the document, in words for its sender.
    pub fn parse(bytes: Bytes) -> Result<Self, String> {
        let members = RawObject::parse(&bytes)
            .map_err(|error| format!("not a JSON object in UTF-8 that names each member once: {error}"))?;
        if members.has(DELETED) {
            return Err(format!("the member {DELETED} is reserved: it stands for a document that was deleted"));
        }
        let id: String = members.read("id").ok_or("the member id is missing or no string")?;
        let id = DocumentId::parse(id).map_err(|error| format!("the id {error}"))?;
        parser_limits::check(std::str::from_utf8(&bytes).map_err(|_| "not UTF-8")?)?;
        let document = DocumentBytes::new(bytes).ok_or("not a JSON object")?;
        let answer = Response::json(StatusCode::OK, document.clone().into_text());
        if !answer.fits() {
            return Err(format!("larger than an answer can be: {} bytes in the event", answer.event_size()));
        }
        Ok(Self { id, document })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_with_the_reserved_member_is_refused() {
        for document in [
            r#"{"id":"1","coffer$deleted":1}"#,
            r#"{"coffer$deleted":null,"id":"1"}"#,
            r#"{"id":"1","coffer\u0024deleted":{}}"#,
        ] {
            let refused = ValidDocument::parse(Bytes::from(document)).unwrap_err();
            assert!(refused.contains("coffer$deleted is reserved"), "{document}: {refused}");
        }
        assert!(ValidDocument::parse(Bytes::from(r#"{"id":"1","a":{"coffer$deleted":1}}"#)).is_ok());
    }
}
