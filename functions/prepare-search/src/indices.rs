//! Requests to a cluster about its indices.

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};
use shared::backoff::Backoff;
use tokio::time::Instant;

use crate::cluster_requests::{ClusterRequests, Reply, at};
use crate::error::PrepareError;

/// Members of an index that are read; the id is there so that each index is in the answer.
const LOOK: &str = "filter_path=*.aliases,*.mappings._meta,*.settings.index.uuid,*.settings.index.blocks";

/// An index as the cluster has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    /// The aliases that it is behind.
    pub(crate) aliases: Vec<String>,
    /// The fingerprint of the design that it was made with; `None` if we didn't make it.
    pub(crate) fingerprint: Option<String>,
    /// The run that made it.
    pub(crate) run: Option<String>,
    /// True if writes are refused.
    pub(crate) is_blocked: bool,
}

impl Index {
    fn read(name: &str, state: &Value) -> Self {
        let meta = |member: &str| at(state, &["mappings", "_meta", "coffer", member]).as_str().map(str::to_owned);
        Self {
            name: name.to_owned(),
            aliases: at(state, &["aliases"]).as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default(),
            fingerprint: meta("fingerprint"),
            run: meta("run"),
            is_blocked: *at(state, &["settings", "index", "blocks", "write"]) == "true",
        }
    }
}

/// Result of the creation of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    Made,
    /// One of this name is there; it may be that this request made it, and its answer was lost.
    IsThere,
    /// The cluster is too old for the design.
    TooOld,
}

/// Number of documents in an index, and its checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fill {
    /// All writes up to this number have been done, on each shard.
    pub(crate) checkpoint: i64,
    /// Number of documents to copy at once, so that they take some megabytes.
    pub(crate) batch: u64,
}

impl ClusterRequests<'_> {
    /// Waits until the cluster answers, and, as long as there is timeout, until none of its indices is red.
    pub(crate) async fn wait_for_cluster(&self, timeout: Duration) -> Result<(), PrepareError> {
        let started = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
        loop {
            let asked = self.once(&Method::GET, "/_cluster/health?wait_for_status=yellow&timeout=10s", None).await;
            let wait = backoff.wait();
            let over = started.elapsed() + wait > timeout;
            let why = match asked {
                Ok(reply) if reply.status == 200 => return Ok(()),
                // An index that is red need not be one of ours.
                Ok(reply) if reply.status == 408 && over => {
                    tracing::warn!("the cluster's state is red");
                    return Ok(());
                }
                Ok(reply) if matches!(reply.status, 400..=407 | 410..=428) => return Err(reply.error()),
                Ok(reply) => reply.error().to_string(),
                Err(why) => why,
            };
            if over {
                return Err(PrepareError::failed(format!("the cluster can't be reached: {why}")));
            }
            self.deadline.wait(wait).await?;
        }
    }

    /// The indices of this name, behind this alias, or that fit this pattern.
    pub(crate) async fn find(&self, name: &str) -> Result<Vec<Index>, PrepareError> {
        let reply = self.get(&format!("/{name}?{LOOK}")).await?;
        if reply.status == 404 {
            return Ok(Vec::new());
        }
        let found = reply.done()?;
        Ok(found
            .as_object()
            .map(|all| all.iter().map(|(name, state)| Index::read(name, state)).collect())
            .unwrap_or_default())
    }

    /// Makes an index and waits until it can be used.
    pub(crate) async fn create(&self, name: &str, body: &Value) -> Result<Creation, PrepareError> {
        let reply = self.put(&format!("/{name}"), Some(body)).await?;
        if reply.status == 400 {
            let words = reply.body.to_string();
            return match () {
                () if reply.is("resource_already_exists_exception") => Ok(Creation::IsThere),
                () if words.contains("disable_objects") && words.contains("unsupported parameters") => {
                    Ok(Creation::TooOld)
                }
                () => Err(reply.error()),
            };
        }
        if *at(&reply.done()?, &["shards_acknowledged"]) != true {
            self.wait_for_index(name).await?;
        }
        Ok(Creation::Made)
    }

    /// Waits until an index can be read and written.
    pub(crate) async fn wait_for_index(&self, name: &str) -> Result<(), PrepareError> {
        let reply = self.get(&format!("/_cluster/health/{name}?wait_for_status=yellow&timeout=30s")).await?;
        match reply.status {
            200 => Ok(()),
            408 => Err(PrepareError::failed(format!("the index {name} is red: a part of it is on no node"))),
            _ => Err(reply.error()),
        }
    }

    /// Deletes an index, if it is there.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), PrepareError> {
        let reply = self.delete(&format!("/{name}")).await?;
        if reply.status == 404 { Ok(()) } else { reply.done().map(drop) }
    }

    /// Has writes refused, and waits for those under way.
    pub(crate) async fn block(&self, name: &str) -> Result<(), PrepareError> {
        let answer = self.put(&format!("/{name}/_block/write"), None).await?.done()?;
        if ["acknowledged", "shards_acknowledged"].iter().all(|what| *at(&answer, &[what]) == true) {
            return Ok(());
        }
        Err(PrepareError::failed(format!("writes into {name} could not be stopped on all its shards")))
    }

    /// Has writes taken again.
    pub(crate) async fn unblock(&self, name: &str) -> Result<(), PrepareError> {
        self.put(&format!("/{name}/_settings"), Some(&json!({ "index.blocks.write": null }))).await?.done().map(drop)
    }

    /// Makes all that was written visible to searches.
    pub(crate) async fn refresh(&self, name: &str) -> Result<(), PrepareError> {
        let answer = self.post(&format!("/{name}/_refresh"), &json!({})).await?.done()?;
        if *at(&answer, &["_shards", "failed"]) == 0 {
            return Ok(());
        }
        Err(PrepareError::failed(format!("not all shards of {name} could be refreshed")))
    }

    /// Number of documents in an index, and its checkpoint.
    pub(crate) async fn fill(&self, name: &str) -> Result<Fill, PrepareError> {
        /// Rough number of bytes that are copied at once.
        const BATCH_BYTES: u64 = 4 * 1024 * 1024;
        let stats = self.get(&format!("/{name}/_stats/docs,store?level=shards")).await?.done()?;
        let index = at(&stats, &["indices", name]);
        let copies =
            at(index, &["shards"]).as_object().into_iter().flat_map(Map::values).filter_map(Value::as_array).flatten();
        let primaries = copies.filter(|copy| *at(copy, &["routing", "primary"]) == true);
        let checkpoint = primaries.map(|copy| at(copy, &["seq_no", "local_checkpoint"]).as_i64().unwrap_or(-1)).min();
        let checkpoint = checkpoint.ok_or_else(|| PrepareError::failed(format!("{name} has no shards")))?;
        let number = |of: &str, what: &str| at(index, &["primaries", of, what]).as_u64().unwrap_or_default();
        let mean = number("store", "size_in_bytes") / number("docs", "count").max(1);
        Ok(Fill { checkpoint, batch: (BATCH_BYTES / mean.max(1)).clamp(10, 1_000) })
    }

    /// Number of searchable documents that match a query.
    pub(crate) async fn count(&self, name: &str, query: &Value) -> Result<u64, PrepareError> {
        let answer = self.post(&format!("/{name}/_count"), &json!({ "query": query })).await?.done()?;
        if *at(&answer, &["_shards", "failed"]) != 0 {
            return Err(PrepareError::failed(format!("not all shards of {name} could be counted")));
        }
        at(&answer, &["count"]).as_u64().ok_or_else(|| PrepareError::failed(format!("{name} could not be counted")))
    }

    /// Puts an alias before another index, in one step. Without a reply it is unclear whether it was done, or is still
    /// going to be.
    pub(crate) async fn switch(&self, alias: &str, from: &str, to: &str) -> Result<Reply, PrepareError> {
        let actions = json!({ "actions": [
            { "remove": { "index": from, "alias": alias, "must_exist": true } },
            { "add": { "index": to, "alias": alias } },
        ] });
        self.post("/_aliases", &actions).await
    }
}
