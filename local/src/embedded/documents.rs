//! Search documents in an SQLite file: the SQLite that the embedded table brings along anyway, which several processes
//! can use at once, so that `coffer load` works while `coffer serve` runs.
//!
//! A change counts if its version is higher than the stored one, as it does in OpenSearch. A document that was deleted
//! keeps its row, without a body: a change that comes late must not bring it back.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, OptionalExtension, TransactionBehavior, params};
use shared::names::{DocumentId, IndexName};
use shared::search::{
    Change, DocumentBytes, DocumentStoreError, Operation, Outcome, ReadDocument, ReadVersions, StoredVersions, Version,
    WriteDocuments,
};

/// After how many pages the log is written into the file, 32 MiB: with SQLite's own number each batch of a load would
/// wait for the disk.
const LOG_PAGES: i64 = 8_192;
/// Longest wait of a write for another process's.
const BUSY: Duration = Duration::from_secs(10);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS documents (
    index_name TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body BLOB, PRIMARY KEY (index_name, id))";

/// Version of documents that were stored before there were versions: below all others, and compared with none. An
/// export shows it as 0.
const NO_VERSION: i64 = -1;

const APPLY: &str = "INSERT INTO documents (index_name, id, version, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (index_name, id) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE excluded.version > documents.version";

/// Error of the embedded store.
#[derive(Debug, thiserror::Error)]
#[error("the document store failed: {0}")]
pub struct EmbeddedStoreError(#[from] rusqlite::Error);

/// Documents in a file.
#[derive(Debug, Clone)]
pub struct EmbeddedDocuments(Arc<Mutex<Connection>>);

impl EmbeddedDocuments {
    /// Opens the store in this file, made if it isn't there. Documents of the form that knew no versions get
    /// one below all others.
    pub fn open(file: &Path) -> Result<Self, EmbeddedStoreError> {
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.execute(TABLE, [])?;
        if !has_versions(&connection)? {
            add_versions(&mut connection)?;
        }
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Hands every document of an index over, with how many there are and its version, in the order of their ids'
    /// bytes and as they all were at one moment.
    ///
    /// # Errors
    /// SQLite's, and those of `take`.
    pub fn each<E: From<EmbeddedStoreError>>(
        &self,
        index: IndexName,
        mut take: impl FnMut(u64, Version, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let store = |error| E::from(EmbeddedStoreError(error));
        let mut connection = self.connection();
        // Both questions see the same state.
        let transaction = connection.transaction().map_err(store)?;
        let total = transaction
            .query_row(
                "SELECT count(*) FROM documents WHERE index_name = ?1 AND body IS NOT NULL",
                [index.as_str()],
                |row| row.get::<_, i64>(0),
            )
            .map_err(store)?;
        let mut select = transaction
            .prepare("SELECT body, version FROM documents WHERE index_name = ?1 AND body IS NOT NULL ORDER BY id")
            .map_err(store)?;
        let mut rows = select.query([index.as_str()]).map_err(store)?;
        while let Some(row) = rows.next().map_err(store)? {
            let body = row.get_ref(0).and_then(|body| Ok(body.as_bytes()?)).map_err(store)?;
            let version = row.get::<_, i64>(1).map_err(store)?;
            let version = Version::new(u64::try_from(version).unwrap_or_default()).unwrap_or(Version::MAX);
            take(u64::try_from(total).unwrap_or_default(), version, body)?;
        }
        Ok(())
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, index: IndexName, id: &DocumentId) -> Result<Option<Vec<u8>>, EmbeddedStoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT body FROM documents WHERE index_name = ?1 AND id = ?2")?;
        let found: Option<Option<Vec<u8>>> =
            select.query_row(params![index.as_str(), id.as_str()], |row| row.get(0)).optional()?;
        Ok(found.flatten())
    }

    /// Applies a batch of changes, all or none.
    fn write(&self, index: IndexName, changes: &[Change]) -> Result<Vec<Outcome>, EmbeddedStoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let outcomes = {
            let mut apply = transaction.prepare_cached(APPLY)?;
            let mut stored =
                transaction.prepare_cached("SELECT version FROM documents WHERE index_name = ?1 AND id = ?2")?;
            changes
                .iter()
                .map(|change| apply_one(&mut apply, &mut stored, index, change))
                .collect::<Result<_, rusqlite::Error>>()?
        };
        transaction.commit()?;
        Ok(outcomes)
    }
}

fn apply_one(
    apply: &mut CachedStatement<'_>,
    stored: &mut CachedStatement<'_>,
    index: IndexName,
    change: &Change,
) -> Result<Outcome, rusqlite::Error> {
    let (index, id) = (index.as_str(), change.id.as_str());
    // A version has 63 bits.
    let version = i64::try_from(change.version.number()).unwrap_or(i64::MAX);
    let changed = match &change.operation {
        Operation::Delete => apply.execute(params![index, id, version, None::<&[u8]>])?,
        Operation::Upsert(document) if document.as_bytes().iter().any(|byte| is_line_break(*byte)) => {
            apply.execute(params![index, id, version, without_line_breaks(document.as_bytes())])?
        }
        Operation::Upsert(document) => apply.execute(params![index, id, version, document.as_bytes()])?,
    };
    if changed > 0 {
        return Ok(Outcome::Applied);
    }
    let stored: i64 = stored.query_row(params![index, id], |row| row.get(0))?;
    if stored == version {
        return Ok(Outcome::Unchanged);
    }
    Ok(Outcome::Stale(u64::try_from(stored).ok().and_then(Version::new)))
}

fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn without_line_breaks(document: &[u8]) -> Vec<u8> {
    document.iter().map(|byte| if is_line_break(*byte) { b' ' } else { *byte }).collect()
}

fn has_versions(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT count(*) FROM pragma_table_info('documents') WHERE name = 'version'", [], |row| {
        row.get::<_, i64>(0).map(|count| count > 0)
    })
}

/// Brings the table into its present form. It is made anew, for SQLite can't take a NOT NULL away from the body.
fn add_versions(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    if !has_versions(&transaction)? {
        transaction.execute("ALTER TABLE documents RENAME TO documents_before", [])?;
        transaction.execute(TABLE, [])?;
        transaction.execute(
            "INSERT INTO documents (index_name, id, version, body) SELECT index_name, id, ?1, body FROM documents_before",
            [NO_VERSION],
        )?;
        transaction.execute("DROP TABLE documents_before", [])?;
    }
    transaction.commit()
}

/// Asks the store in a thread where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedStoreError> + Send + 'static,
) -> Result<T, DocumentStoreError> {
    tokio::task::spawn_blocking(work)
        .await
        // The text of a panic may hold anything.
        .map_err(|_| DocumentStoreError::Failed("the embedded store failed".to_owned()))?
        .map_err(|error| DocumentStoreError::Failed(error.to_string()))
}

impl ReadDocument for EmbeddedDocuments {
    async fn read(&self, index: IndexName, id: &DocumentId) -> Result<Option<DocumentBytes>, DocumentStoreError> {
        let (store, id) = (self.clone(), id.clone());
        let found = blocking(move || store.find(index, &id)).await?;
        found
            .map(|bytes| {
                DocumentBytes::new(Bytes::from(bytes))
                    .ok_or_else(|| DocumentStoreError::Failed("a stored document is damaged".to_owned()))
            })
            .transpose()
    }
}

impl ReadVersions for EmbeddedDocuments {
    async fn versions(&self, index: IndexName, ids: &[DocumentId]) -> Result<StoredVersions, DocumentStoreError> {
        let (store, ids) = (self.clone(), ids.to_vec());
        blocking(move || {
            let connection = store.connection();
            let mut select =
                connection.prepare_cached("SELECT version FROM documents WHERE index_name = ?1 AND id = ?2")?;
            let mut find = |id: &DocumentId| {
                let found = select.query_row(params![index.as_str(), id.as_str()], |row| row.get::<_, i64>(0));
                Ok(found.optional()?.and_then(|version| Version::new(u64::try_from(version).ok()?)))
            };
            let versions = ids.iter().map(&mut find).collect::<Result<_, EmbeddedStoreError>>()?;
            Ok(StoredVersions { versions, unread: None })
        })
        .await
    }
}

impl WriteDocuments for EmbeddedDocuments {
    async fn apply(&self, index: IndexName, changes: &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> {
        let (store, changes) = (self.clone(), changes.to_vec());
        blocking(move || store.write(index, &changes)).await
    }
}
