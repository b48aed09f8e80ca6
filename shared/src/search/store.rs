//! Capabilities of a store of documents, for a reader and for a writer.

use std::future::Future;

use bytes::Bytes;

use crate::names::{DocumentId, IndexName};

use super::Version;

/// The bytes of a document as they were stored: UTF-8 text that starts and ends as a JSON object does. Nothing else is
/// looked at, and nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentBytes(Bytes);

impl DocumentBytes {
    /// Takes over bytes from a store; `None` for bytes that can't be a document.
    #[must_use]
    pub fn new(bytes: Bytes) -> Option<Self> {
        let inner = bytes.trim_ascii();
        let object = inner.len() >= 2 && inner.starts_with(b"{") && inner.ends_with(b"}");
        (object && std::str::from_utf8(&bytes).is_ok()).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The document as text.
    #[must_use]
    pub fn into_text(self) -> String {
        // Checked when the value was made.
        String::from_utf8(self.0.into()).unwrap_or_default()
    }
}

/// Error of a document store. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentStoreError {
    /// The store asks for fewer requests.
    #[error("the search store is throttled: {reason}")]
    Throttled {
        /// Reason that the store gave.
        reason: String,
        /// When it may be asked again, in seconds, if it said so.
        retry_after_seconds: Option<u64>,
    },
    /// The store failed, could not be reached, or gave bytes that are no document.
    #[error("the search store failed: {0}")]
    Failed(String),
}

/// Reads documents.
pub trait ReadDocument: Send + Sync {
    /// The document of this id, if the index holds it.
    fn read(
        &self,
        index: IndexName,
        id: &DocumentId,
    ) -> impl Future<Output = Result<Option<DocumentBytes>, DocumentStoreError>> + Send;
}

/// A change of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document's id.
    pub id: DocumentId,
    /// The version of the state that it leads to.
    pub version: Version,
    /// Operation on the document.
    pub operation: Operation,
}

/// Operation on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// It is this one, whether there was one before or not. Line breaks between its tokens become spaces.
    Upsert(DocumentBytes),
    /// It is gone.
    Delete,
}

/// Outcome of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The document is in the state of the change now.
    Applied,
    /// It was in a state of that version already.
    Unchanged,
    /// It is in a newer state, of this version if the store says so.
    Stale(Option<Version>),
    /// The store will never take it; the text says why.
    Refused(String),
    /// The store could not take it now.
    Failed(DocumentStoreError),
}

/// Writes documents.
pub trait WriteDocuments: Send + Sync {
    /// Applies changes to an index; the outcomes are in the order of the changes. Of several changes of one document
    /// the newest counts, in any order, at any number of repetitions, and after any earlier changes. The error is one
    /// of all changes, of which some may have been applied all the same.
    fn apply(
        &self,
        index: IndexName,
        changes: &[Change],
    ) -> impl Future<Output = Result<Vec<Outcome>, DocumentStoreError>> + Send;
}

/// Versions that documents are stored under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredVersions {
    /// In the order of the documents; `None` for a document that isn't there, or could not be read.
    pub versions: Vec<Option<Version>>,
    /// Reason that some could not be read, if so.
    pub unread: Option<String>,
}

/// Reads the versions that documents are stored under.
pub trait ReadVersions: Send + Sync {
    /// The versions of these documents.
    fn versions(
        &self,
        index: IndexName,
        ids: &[DocumentId],
    ) -> impl Future<Output = Result<StoredVersions, DocumentStoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_an_object_is_a_document() {
        for bad in ["", "{", "[]", "null", "<html></html>", "{\"a\":1", "\u{feff}{}"] {
            assert_eq!(DocumentBytes::new(Bytes::from(bad)), None, "{bad}");
        }
        assert_eq!(DocumentBytes::new(Bytes::from_static(b"{\"a\":\"\xff\"}")), None);
    }

    #[test]
    fn the_bytes_of_a_document_stay_as_they_are() {
        let text = " {\"n\":1e400, \"n\":-0}\n";
        let document = DocumentBytes::new(Bytes::from(text)).map(DocumentBytes::into_text);
        assert_eq!(document.as_deref(), Some(text));
    }
}
