//! Search documents in an SQLite file: the SQLite that the embedded table brings along anyway, which several processes
//! can use at once, so that `coffer load` works while `coffer serve` runs.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use shared::names::{DocumentId, IndexName};
use shared::search::{DocumentBytes, ReadDocument, SearchFault};

/// How long a write waits for another process's.
const BUSY: Duration = Duration::from_secs(10);

/// What the store says when it fails.
#[derive(Debug, thiserror::Error)]
#[error("the document store failed: {0}")]
pub struct DocumentStoreError(#[from] rusqlite::Error);

/// One document to be stored.
#[derive(Debug)]
pub struct Stored {
    /// Its id.
    pub id: DocumentId,
    /// Its bytes.
    pub document: DocumentBytes,
}

/// Documents in a file.
#[derive(Debug, Clone)]
pub struct EmbeddedDocuments(Arc<Mutex<Connection>>);

impl EmbeddedDocuments {
    /// Opens the store in this file, made if it isn't there.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(file: &Path) -> Result<Self, DocumentStoreError> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (
                index_name TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (index_name, id))",
            [],
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Stores a batch of documents, all or none; a document of the same id is replaced.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn store(&self, index: IndexName, batch: &[Stored]) -> Result<(), DocumentStoreError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT OR REPLACE INTO documents (index_name, id, body) VALUES (?1, ?2, ?3)")?;
            for Stored { id, document } in batch {
                insert.execute(params![index.as_str(), id.as_str(), document.as_bytes()])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn find(&self, index: IndexName, id: &DocumentId) -> Result<Option<Vec<u8>>, DocumentStoreError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut select = connection.prepare("SELECT body FROM documents WHERE index_name = ?1 AND id = ?2")?;
        Ok(select.query_row(params![index.as_str(), id.as_str()], |row| row.get(0)).optional()?)
    }
}

impl ReadDocument for EmbeddedDocuments {
    async fn read(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, SearchFault> {
        let (store, id) = (self.clone(), id.clone());
        let found = tokio::task::spawn_blocking(move || store.find(index, &id))
            .await
            // What a panic says may hold anything.
            .map_err(|_| SearchFault::Failed("the embedded store failed".to_owned()))?
            .map_err(|error| SearchFault::Failed(error.to_string()))?;
        found
            .map(|bytes| {
                DocumentBytes::new(Bytes::from(bytes))
                    .ok_or_else(|| SearchFault::Failed("a stored document is damaged".to_owned()))
            })
            .transpose()
    }
}
