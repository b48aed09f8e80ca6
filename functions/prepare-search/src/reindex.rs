//! From an index to one with another mapping, while it is read and written.
//!
//! All states of a document have a version, and a deleted one leaves a tombstone with a version in its place. So copies may
//! be repeated and overlap: of two states the newer one stays, and in the end both indices hold the same.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster_requests::{ClusterRequests, Deadline};
use crate::error::PrepareError;
use crate::indices::{Creation, Index};

/// Rounds of copies of interim writes before writes are blocked.
const ROUNDS: u32 = 3;
/// Number of interim writes at or below which writes are blocked for the last copy.
const FEW: u64 = 1_000;
/// Time reserved for a rollback after the deadline. It is gone as well when the time for the work is over.
pub(crate) const ROLLBACK_TIME: Duration = Duration::from_secs(20);

/// Copy of an index into another one.
pub(crate) struct Reindex<'a> {
    pub(crate) requests: ClusterRequests<'a>,
    pub(crate) alias: &'a str,
    pub(crate) old: &'a Index,
    /// The new index's name.
    pub(crate) new: &'a str,
    /// Id of this run.
    pub(crate) run: &'a str,
    /// Learns how many documents have been copied, and of how many.
    pub(crate) progress: &'a (dyn Fn(u64, u64) + Sync),
}

/// Result of a reindex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// This many documents are in the new index, and the alias is before it.
    Switched(u64),
    /// The cluster is too old for the design, and nothing was changed.
    TooOld,
}

impl Reindex<'_> {
    /// Goes the whole way, or back.
    pub(crate) async fn go(self, body: &Value) -> Result<Ended, PrepareError> {
        self.requests.wait_for_index(&self.old.name).await?;
        self.make_room().await?;
        let mut is_unclear = false;
        match self.forward(body, &mut is_unclear).await {
            Ok(ended) => Ok(ended),
            Err(error) => self.roll_back(error, is_unclear).await,
        }
    }

    /// Removes the index in the new one's place: the rest of a killed run, or an index kept from an earlier time.
    async fn make_room(&self) -> Result<(), PrepareError> {
        self.requests.cancel_copies_into(self.new).await?;
        for index in self.requests.find(self.new).await? {
            if !index.aliases.is_empty() {
                let aliases = index.aliases.join(", ");
                return Err(PrepareError::failed(format!(
                    "{} would be made anew, but is behind another alias ({aliases}): take it away",
                    index.name
                )));
            }
            self.requests.remove(&index.name).await?;
        }
        Ok(())
    }

    async fn forward(&self, body: &Value, is_unclear: &mut bool) -> Result<Ended, PrepareError> {
        let Self { requests, old, new, .. } = self;
        let old = old.name.as_str();
        match requests.create(new, body).await? {
            Creation::Made => {}
            Creation::TooOld => return Ok(Ended::TooOld),
            // Made by this run with a lost answer, or by another.
            Creation::IsThere => self.hold_that_new_is_ours().await?,
        }
        let checkpoint = self.copy_while_written().await?;
        requests.block(old).await?;
        requests.refresh(old).await?;
        self.copy_since(checkpoint).await?;
        requests.refresh(new).await?;
        let all = json!({ "match_all": {} });
        let (before, after) = (requests.count(old, &all).await?, requests.count(new, &all).await?);
        if after < before {
            return Err(PrepareError::failed(format!(
                "{old} holds {before} documents, but only {after} arrived in {new}"
            )));
        }
        self.hold_that_new_is_ours().await?;
        *is_unclear = true;
        let reply = requests.switch(self.alias, old, new).await?;
        *is_unclear = false;
        reply.done()?;
        Ok(Ended::Switched(after))
    }

    /// Another run may be at work on the same index.
    async fn hold_that_new_is_ours(&self) -> Result<(), PrepareError> {
        let found = self.requests.find(self.new).await?;
        if found.iter().any(|index| index.run.as_deref() == Some(self.run)) {
            return Ok(());
        }
        Err(PrepareError::failed(format!("{} was made by another run: let one run end before the next", self.new)))
    }

    /// Copies everything, then the interim writes while they get fewer. All up to the number that comes back is copied.
    async fn copy_while_written(&self) -> Result<i64, PrepareError> {
        let Self { requests, old, new, progress, .. } = self;
        let old = old.name.as_str();
        let fill = requests.fill(old).await?;
        requests.refresh(old).await?;
        requests.copy(old, new, &json!({ "match_all": {} }), fill.batch, progress).await?;
        let mut checkpoint = fill.checkpoint;
        for _ in 0..ROUNDS {
            // First the number, then the refresh: all up to the number is found then.
            let fill = requests.fill(old).await?;
            requests.refresh(old).await?;
            if requests.count(old, &since(checkpoint)).await? <= FEW {
                break;
            }
            self.copy_since(checkpoint).await?;
            checkpoint = fill.checkpoint;
        }
        Ok(checkpoint)
    }

    async fn copy_since(&self, checkpoint: i64) -> Result<(), PrepareError> {
        let old = &self.old.name;
        let batch = self.requests.fill(old).await?.batch;
        self.requests.copy(old, self.new, &since(checkpoint), batch, &|_, _| {}).await
    }

    /// Back to how it was: the alias is before the old index, which takes writes, and the new one is gone.
    async fn roll_back(&self, error: PrepareError, is_unclear: bool) -> Result<Ended, PrepareError> {
        tracing::warn!(index = self.new, error = error.to_string(), "the run rolls back");
        let deadline = Deadline::within(ROLLBACK_TIME);
        let requests = ClusterRequests { deadline: &deadline, ..self.requests };
        let restored = async {
            let new = requests.find(self.new).await;
            if let Ok([new]) = new.as_deref()
                && new.aliases.iter().any(|alias| alias == self.alias)
            {
                // Only the answer of the switch was lost.
                return requests.count(self.new, &json!({ "match_all": {} })).await.map(Some);
            }
            requests.unblock(&self.old.name).await?;
            requests.cancel_copies_into(self.new).await?;
            let is_ours = new?.iter().any(|index| index.run.as_deref() == Some(self.run));
            // The alias may still be switched, and must not lead to nothing then. The next run removes the index.
            if is_ours && !is_unclear {
                requests.remove(self.new).await?;
            }
            Ok(None)
        };
        match restored.await {
            Ok(Some(documents)) => Ok(Ended::Switched(documents)),
            Ok(None) => Err(error),
            Err(more) => Err(PrepareError::failed(format!(
                "{error}; and {} could not be put back as it was ({more}): run it again as soon as the cluster is there, \
                 for until then writes may be refused",
                self.old.name
            ))),
        }
    }
}

/// Documents that were written after this one.
fn since(checkpoint: i64) -> Value {
    json!({ "range": { "_seq_no": { "gt": checkpoint } } })
}
