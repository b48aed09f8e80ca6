//! All six indices, one after the other.

use std::fmt;
use std::time::Duration;

use num_format::{Locale, ToFormattedString};
use serde_json::{Value, json};
use shared::clock;
use shared::names::IndexName;
use shared::random::RandomId;
use shared::search::Cluster;
use shared::search::tombstone::{self, DELETED};

use crate::cluster_requests::{ClusterRequests, Deadline};
use crate::error::PrepareError;
use crate::indices::{Creation, Index};
use crate::mappings::{Design, Fields};
use crate::reindex::{Ended, Reindex};

/// Learns how far a preparation is.
pub trait ProgressListener: Send + Sync {
    /// Documents of an index are copied: how many have been, and of how many.
    fn copying(&self, index: IndexName, done: u64, total: u64);
    /// An index is prepared.
    fn prepared(&self, prepared: &Prepared);
}

/// Nobody: the log has it all.
impl ProgressListener for () {
    fn copying(&self, _: IndexName, _: u64, _: u64) {}
    fn prepared(&self, _: &Prepared) {}
}

/// An index that is prepared. Its text is a line for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Which one.
    pub index: IndexName,
    /// Change of the index.
    pub outcome: IndexChange,
    /// Which fields it knows.
    pub fields: Fields,
}

/// Change of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexChange {
    /// It was made.
    Made,
    /// Nothing: it is as it has to be.
    Unchanged,
    /// Its documents were copied into a new one.
    Copied {
        /// Number of documents.
        documents: u64,
        /// The old index, which is kept.
        from: String,
        /// The new one.
        to: String,
    },
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            IndexChange::Made => write!(f, "{}: made", self.index)?,
            IndexChange::Unchanged => write!(f, "{}: unchanged", self.index)?,
            IndexChange::Copied { documents, from, to } => {
                write!(
                    f,
                    "{}: {} documents copied, {from} → {to}",
                    self.index,
                    documents.to_formatted_string(&Locale::en)
                )?;
            }
        }
        match self.fields {
            Fields::Typed => Ok(()),
            Fields::Plain => f.write_str(" (without typed fields: the cluster is older than 3.6)"),
        }
    }
}

/// The work on a cluster's indices.
#[derive(Clone, Copy)]
pub struct Preparer<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Alias prefix.
    pub alias_prefix: &'a str,
    /// When it has to end.
    pub deadline: &'a Deadline,
    /// Listener of the progress.
    pub listener: &'a dyn ProgressListener,
}

impl Preparer<'_> {
    /// Sees that each of the six aliases is before an index with the mapping of this version. An index of another
    /// mapping is copied into a new one, while it is read and written, and is kept. It may be repeated at any time, also
    /// after a run that was killed; two runs at once are no good idea. The cluster is waited for, for `timeout` at most.
    ///
    /// # Errors
    /// [`PrepareError`]; the index that it names is then as it was, and those before it are prepared.
    pub async fn run(&self, timeout: Duration) -> Result<Vec<Prepared>, PrepareError> {
        check(self.alias_prefix)?;
        self.requests().wait_for_cluster(timeout).await?;
        let mut all = Vec::new();
        for index in IndexName::ALL {
            let prepared = self.prepare(index).await.map_err(|error| of(index, error))?;
            tracing::info!(outcome = prepared.to_string(), "an index is prepared");
            self.listener.prepared(&prepared);
            all.push(prepared);
        }
        Ok(all)
    }

    /// Deletes the indices that were made by earlier runs and are behind no alias; their names.
    ///
    /// # Errors
    /// [`PrepareError`]; some may be gone then.
    pub async fn remove_old(&self) -> Result<Vec<String>, PrepareError> {
        check(self.alias_prefix)?;
        let mut removed = Vec::new();
        for index in IndexName::ALL {
            let start = format!("{}{index}-", self.alias_prefix);
            let found = self.requests().find(&format!("{start}*")).await.map_err(|error| of(index, error))?;
            for old in found.into_iter().filter(|found| is_old(found, &start)) {
                self.requests().cancel_copies_into(&old.name).await.map_err(|error| of(index, error))?;
                self.requests().remove(&old.name).await.map_err(|error| of(index, error))?;
                removed.push(old.name);
            }
        }
        Ok(removed)
    }

    /// Deletes the tombstones of deletes longer ago than this; returns their number for each index. A change
    /// of such a document that is still under way, and older than its delete, would bring it back.
    ///
    /// # Errors
    /// [`PrepareError`]; some may be gone then.
    pub async fn forget_deletes(&self, age: Duration) -> Result<Vec<(IndexName, u64)>, PrepareError> {
        check(self.alias_prefix)?;
        let before = clock::since_epoch().saturating_sub(age).as_millis().to_string();
        let mut forgotten = Vec::new();
        for index in IndexName::ALL {
            let alias = format!("{}{index}", self.alias_prefix);
            let old = json!({ "range": { DELETED: { "lt": before } } });
            let query = json!({ "bool": { "filter": [tombstone::query(), old] } });
            let count = self.requests().delete_by_query(&alias, &query).await.map_err(|error| of(index, error))?;
            forgotten.push((index, count));
        }
        Ok(forgotten)
    }

    fn requests(&self) -> ClusterRequests<'_> {
        ClusterRequests { cluster: self.cluster, deadline: self.deadline }
    }

    async fn prepare(&self, index: IndexName) -> Result<Prepared, PrepareError> {
        let alias = format!("{}{index}", self.alias_prefix);
        let current = self.current(&alias).await?;
        for fields in [Fields::Typed, Fields::Plain] {
            let design = Design::of(index, fields);
            let outcome = match &current {
                None => self.make(&alias, &design).await?,
                Some(current) if current.fingerprint.as_ref() == Some(&design.fingerprint) => {
                    Some(IndexChange::Unchanged)
                }
                Some(current) => self.migrate(index, &alias, current, &design).await?,
            };
            if let Some(outcome) = outcome {
                return Ok(Prepared { index, outcome, fields });
            }
        }
        Err(PrepareError::failed("the cluster takes none of our mappings"))
    }

    /// The index behind an alias, if there is one. It takes writes: a run that was killed may have left it without.
    async fn current(&self, alias: &str) -> Result<Option<Index>, PrepareError> {
        let mut found = self.requests().find(alias).await?;
        if found.len() > 1 {
            let names: Vec<_> = found.into_iter().map(|index| index.name).collect();
            return Err(PrepareError::failed(format!(
                "the alias {alias} is before several indices ({}): leave it before one of them",
                names.join(", ")
            )));
        }
        let Some(index) = found.pop() else { return Ok(None) };
        if index.name == alias {
            return Err(PrepareError::failed(format!(
                "{alias} is an index, and has to be an alias: copy its documents into an index of another name, delete \
                 it, and put the alias {alias} before the other one; or choose another COFFER_OPENSEARCH_ALIAS_PREFIX"
            )));
        }
        if index.is_blocked {
            self.requests().unblock(&index.name).await?;
        }
        Ok(Some(index))
    }

    /// Makes an index with its alias; `None` if the cluster is too old for the design.
    async fn make(&self, alias: &str, design: &Design) -> Result<Option<IndexChange>, PrepareError> {
        let name = format!("{alias}-{}", design.fingerprint);
        let run = new_run()?;
        let mut body = with_meta(design, &run);
        if let Some(body) = body.as_object_mut() {
            body.insert("aliases".to_owned(), json!({ alias: {} }));
        }
        match self.requests().create(&name, &body).await? {
            Creation::Made => Ok(Some(IndexChange::Made)),
            Creation::TooOld => Ok(None),
            Creation::IsThere => {
                let found = self.requests().find(alias).await?;
                if found.iter().any(|index| index.name == name) {
                    return Ok(Some(IndexChange::Made));
                }
                Err(PrepareError::failed(format!(
                    "the index {name} is there, but not behind its alias {alias}: put the alias before it if its \
                     documents are the right ones, or delete it"
                )))
            }
        }
    }

    /// Copies an index into one of this design; `None` if the cluster is too old for it.
    async fn migrate(
        &self,
        index: IndexName,
        alias: &str,
        old: &Index,
        design: &Design,
    ) -> Result<Option<IndexChange>, PrepareError> {
        let new = format!("{alias}-{}", design.fingerprint);
        if new == old.name {
            return Err(PrepareError::failed(format!("{new} was not made by us, but has the name of ours: rename it")));
        }
        let run = new_run()?;
        let progress = |done, total| self.listener.copying(index, done, total);
        let reindex = Reindex { requests: self.requests(), alias, old, new: &new, run: &run, progress: &progress };
        match reindex.go(&with_meta(design, &run)).await? {
            Ended::Switched(documents) => {
                Ok(Some(IndexChange::Copied { documents, from: old.name.clone(), to: new.clone() }))
            }
            Ended::TooOld => Ok(None),
        }
    }
}

impl fmt::Debug for Preparer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preparer").field("alias_prefix", &self.alias_prefix).finish_non_exhaustive()
    }
}

fn of(index: IndexName, error: PrepareError) -> PrepareError {
    PrepareError::Index { index, error: Box::new(error) }
}

fn new_run() -> Result<String, PrepareError> {
    RandomId::make().map(|id| id.to_string()).map_err(|error| PrepareError::failed(error.to_string()))
}

/// A design with the metadata of an index about its origin.
fn with_meta(design: &Design, run: &str) -> Value {
    let mut body = design.body.clone();
    if let Some(mappings) = body.get_mut("mappings").and_then(Value::as_object_mut) {
        let meta = json!({ "coffer": { "fingerprint": design.fingerprint, "run": run } });
        mappings.insert("_meta".to_owned(), meta);
    }
    body
}

/// Tells whether an index was made by Coffer and no alias points to it.
fn is_old(index: &Index, start: &str) -> bool {
    let fingerprint = index.name.strip_prefix(start).unwrap_or_default();
    let named = fingerprint.len() == 8 && fingerprint.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    named && index.fingerprint.is_some() && index.aliases.is_empty()
}

/// Names of indices can't hold everything, and are sent as they are.
fn check(alias_prefix: &str) -> Result<(), PrepareError> {
    let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    let starts = alias_prefix.bytes().next().is_none_or(|first| matches!(first, b'a'..=b'z' | b'0'..=b'9'));
    if starts && alias_prefix.bytes().all(inner) && alias_prefix.len() <= 200 {
        return Ok(());
    }
    Err(PrepareError::failed(format!(
        "COFFER_OPENSEARCH_ALIAS_PREFIX is {alias_prefix:?}: it must be of lower-case letters, digits, -, _ and ., \
         start with a letter or a digit, and have at most 200 characters"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_old_if_we_made_it_and_nothing_leads_to_it() {
        let index = |name: &str, fingerprint: Option<&str>, aliases: &[&str]| Index {
            name: name.to_owned(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            fingerprint: fingerprint.map(str::to_owned),
            run: None,
            is_blocked: false,
        };
        assert!(is_old(&index("a-roles-0123abcd", Some("0123abcd"), &[]), "a-roles-"));
        for other in [
            index("a-roles-0123abcd", None, &[]),
            index("a-roles-0123abcd", Some("0123abcd"), &["x"]),
            index("a-roles-backup", Some("0123abcd"), &[]),
            index("a-roles-0123ABCD", Some("0123ABCD"), &[]),
        ] {
            assert!(!is_old(&other, "a-roles-"), "{other:?}");
        }
    }

    #[test]
    fn a_prefix_that_is_no_part_of_an_indexs_name_is_refused() {
        for good in ["", "a-", "coffer.prod_1-", "1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["A-", "-a", "_a", ".a", "a*", "a/b", "a b", "ä", "a,b"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_shown_in_groups() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            let outcome = IndexChange::Copied { documents: number, from: "a".to_owned(), to: "b".to_owned() };
            let shown = Prepared { index: IndexName::Roles, outcome, fields: Fields::Typed }.to_string();
            assert_eq!(shown, format!("roles: {text} documents copied, a → b"));
        }
    }
}
