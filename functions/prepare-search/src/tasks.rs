//! Tasks of the cluster: copies, and deletes by a query.

use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::search::ErrorCause;

use crate::cluster_requests::{ClusterRequests, at};
use crate::error::PrepareError;

/// The first wait between two looks; the next ones are half as long again.
const FIRST_WAIT: Duration = Duration::from_millis(30);
/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The actions of copies, as the cluster calls them.
const COPIES: &str = "/_tasks?detailed=true&actions=indices:data/write/reindex";

impl ClusterRequests<'_> {
    /// Copies the documents that fit a query, with their versions: of two states of a document the newer one stays.
    /// `progress` learns how many are done, and of how many.
    pub(crate) async fn copy(
        &self,
        from: &str,
        to: &str,
        query: &Value,
        batch: u64,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), PrepareError> {
        let copy = json!({
            "conflicts": "proceed",
            "source": { "index": from, "query": query, "size": batch },
            "dest": { "index": to, "version_type": "external" },
        });
        let started = self.post("/_reindex?wait_for_completion=false", &copy).await?.done()?;
        self.finish(&started, progress).await.map(drop)
    }

    /// Deletes the documents that fit a query for good; how many those were.
    pub(crate) async fn delete_by_query(&self, name: &str, query: &Value) -> Result<u64, PrepareError> {
        let path = format!("/{name}/_delete_by_query?conflicts=proceed&wait_for_completion=false");
        let started = self.post(&path, &json!({ "query": query })).await?.done()?;
        let status = self.finish(&started, &|_, _| {}).await?;
        Ok(at(&status, &["deleted"]).as_u64().unwrap_or_default())
    }

    /// Waits for a task that was started; its status in the end.
    async fn finish(&self, started: &Value, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Value, PrepareError> {
        let id = at(started, &["task"]).as_str().ok_or_else(|| PrepareError::failed("OpenSearch named no task"))?;
        let mut wait = FIRST_WAIT;
        loop {
            self.deadline.wait(wait).await?;
            let task = self.get(&format!("/_tasks/{id}")).await?.done()?;
            let number = |member: &str| at(&task, &["task", "status", member]).as_u64().unwrap_or_default();
            let done = ["created", "updated", "deleted", "version_conflicts", "noops"].map(number).iter().sum();
            progress(done, number("total"));
            if *at(&task, &["completed"]) == true {
                return match trouble(&task) {
                    None => Ok(at(&task, &["task", "status"]).clone()),
                    Some(what) => Err(PrepareError::failed(format!("the cluster's task {id} failed: {what}"))),
                };
            }
            wait = (wait + wait / 2).min(LONGEST_WAIT);
        }
    }

    /// Ends copies into an index that are under way, those of a run that was killed say.
    pub(crate) async fn cancel_copies_into(&self, to: &str) -> Result<(), PrepareError> {
        let mark = format!("to [{to}]");
        let tasks = self.get(COPIES).await?.done()?;
        let nodes = at(&tasks, &["nodes"]).as_object().into_iter().flat_map(Map::values);
        let tasks = nodes.filter_map(|node| at(node, &["tasks"]).as_object()).flatten();
        let is_ours = |task: &Value| at(task, &["description"]).as_str().is_some_and(|text| text.contains(&mark));
        let ids: Vec<_> = tasks.filter(|(_, task)| is_ours(task)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            tracing::info!(index = to, task = id, "a copy is cancelled");
            let reply = self.post(&format!("/_tasks/{id}/_cancel?wait_for_completion=true"), &json!({})).await?;
            if reply.status != 404 {
                reply.done()?;
            }
        }
        Ok(())
    }
}

/// Error of a task that has ended.
fn trouble(task: &Value) -> Option<String> {
    if let Some(error) = task.get("error") {
        return Some(ErrorCause::of(error).shown());
    }
    let response = at(task, &["response"]);
    if let Some(why) = response.get("canceled") {
        return Some(format!("it was cancelled: {}", why.as_str().unwrap_or_default()));
    }
    if *at(response, &["timed_out"]) == true {
        return Some("it took too long".to_owned());
    }
    let failures = at(response, &["failures"]).as_array()?;
    failures.first().map(|first| {
        format!("{} failures, the first: {}", failures.len(), ErrorCause::of(at(first, &["cause"])).shown())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_left_something_out_has_failed() {
        let ended = |response: Value| trouble(&json!({ "completed": true, "response": response }));
        assert_eq!(ended(json!({ "failures": [] })), None);
        assert!(ended(json!({ "failures": [{ "cause": { "type": "x" } }] })).unwrap().contains("1 failures"));
        assert!(ended(json!({ "failures": [], "canceled": "by user request" })).unwrap().contains("by user request"));
        assert!(ended(json!({ "failures": [], "timed_out": true })).is_some());
        assert!(trouble(&json!({ "completed": true, "error": { "type": "index_not_found_exception" } })).is_some());
    }

    #[test]
    fn a_failure_of_a_copy_shows_its_innermost_cause_and_no_value() {
        let cause = json!({ "type": "mapper_parsing_exception", "reason": "failed to parse field [d]. Preview of field's value: 'canary'",
            "caused_by": { "type": "illegal_argument_exception", "reason": "For input string: \"canary\"" } });
        let told = trouble(&json!({ "response": { "failures": [{ "cause": cause }] } })).unwrap();
        assert!(told.contains("failed to parse field [d].; caused by illegal_argument_exception"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
}
