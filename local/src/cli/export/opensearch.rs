//! An index of OpenSearch, page by page, as it was at one point in time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use shared::names::IndexName;
use shared::search::{Cluster, DocumentStoreError, ErrorCause, Payload, Version, alias, tombstone};

use super::lines::Lines;
use crate::cli::CommandError;
use crate::cli::alias::missing;
use crate::cli::backoff::{GIVE_UP_AFTER, wait};
use crate::cli::cluster::{self, OpenCluster};

/// Time for which OpenSearch keeps the point in time for the next page.
const KEEP_ALIVE: &str = "5m";
/// Time limit of the end of the point in time.
const CLOSING: Duration = Duration::from_secs(5);
/// Number of documents of the first page.
const FIRST_PAGE: usize = 100;
/// The most documents of a page: OpenSearch gives no more, unless an index is set otherwise. For a small page it has
/// nearly as much to do as for a large one.
const MOST_DOCUMENTS: usize = 10_000;
/// Intended size of a page, in bytes.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes that are read of a page.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Most bytes that are read of an answer that is no page.
const ERROR_BYTES: usize = 64 * 1024;

const TOO_LARGE: &str = "OpenSearch answered with an unreasonable body";

pub(super) async fn export(index: IndexName, out: &mut Lines) -> Result<(), CommandError> {
    let OpenCluster { cluster, alias_prefix, timeout } = cluster::open().await?;
    let asking = Asking { cluster, timeout, index, alias_prefix };
    // Refreshes so that earlier writes are included. Without the permission to refresh, exports the visible documents.
    let _ = asking.patiently(Method::POST, &format!("/{}/_refresh", asking.alias()), &Payload::None).await;
    let mut point = asking.open_point().await?;
    let exported = pages(&asking, &mut point, out).await;
    let close = Payload::Json(json!({ "pit_id": [point] }).to_string().into());
    let closed = asking.patiently(Method::DELETE, "/_search/point_in_time", &close);
    // It ends by itself otherwise.
    let _ = tokio::time::timeout(CLOSING, closed).await;
    exported
}

async fn pages(asking: &Asking, point: &mut String, out: &mut Lines) -> Result<(), CommandError> {
    let (mut size, mut after, mut total) = (FIRST_PAGE, None, None);
    let mut written = 0;
    loop {
        let Some(body) = asking.page(point, size, after.as_deref(), total.is_none()).await? else {
            if size == 1 {
                return Err(format!(
                    "a document after {} is larger than {MOST_BYTES} bytes",
                    after.unwrap_or_default()
                )
                .into());
            }
            size = (size / 2).max(1);
            continue;
        };
        let page: Page<'_> =
            serde_json::from_slice(&body).map_err(|_| "OpenSearch answered what is no page of documents")?;
        if let Some(id) = page.pit_id {
            *point = id;
        }
        let total = *total.get_or_insert_with(|| {
            let total = page.hits.total.map(|total| total.value).unwrap_or_default();
            out.begin(asking.index, total);
            total
        });
        let count = page.hits.hits.len();
        let mut searchable = true;
        for hit in page.hits.hits {
            let sort = hit.sort.get();
            // Those without an id come last.
            if sort.starts_with("[null") {
                searchable = false;
                break;
            }
            let version = Version::new(hit.version).ok_or("OpenSearch answered with a version of more than 63 bits")?;
            out.write(version, whole(&body, hit.source))?;
            written += 1;
            after = Some(sort.to_owned());
        }
        if count < size || !searchable {
            return complete(total, written);
        }
        let average = body.len() / count.max(1);
        // No more than twice as many as were just seen: those that follow may be larger.
        size = (PAGE_BYTES / average.max(1)).min(size * 2).clamp(1, MOST_DOCUMENTS);
    }
}

fn complete(total: u64, written: u64) -> Result<(), CommandError> {
    match total.saturating_sub(written) {
        0 => Ok(()),
        missing => Err(format!(
            "{missing} documents are missing: no search finds them by their id. Those that something else than \
             Coffer wrote have none, or the indices were not made by: coffer prepare"
        )
        .into()),
    }
}

/// A document with the white space around it: OpenSearch puts none there, so that it is the document's own.
fn whole<'a>(body: &'a [u8], document: &'a RawValue) -> &'a [u8] {
    let space = |byte: &&u8| byte.is_ascii_whitespace();
    let document = document.get().as_bytes();
    let Some(start) = (document.as_ptr() as usize).checked_sub(body.as_ptr() as usize) else { return document };
    let (Some(before), Some(after)) = (body.get(..start), body.get(start + document.len()..)) else { return document };
    let start = start - before.iter().rev().take_while(space).count();
    let end = body.len() - after.len() + after.iter().take_while(space).count();
    body.get(start..end).unwrap_or(document)
}

#[derive(Deserialize)]
struct Page<'a> {
    pit_id: Option<String>,
    #[serde(borrow)]
    hits: Hits<'a>,
}

#[derive(Deserialize)]
struct Hits<'a> {
    total: Option<Total>,
    #[serde(borrow)]
    hits: Vec<Hit<'a>>,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
struct Hit<'a> {
    #[serde(rename = "_version")]
    version: u64,
    #[serde(borrow, rename = "_source")]
    source: &'a RawValue,
    #[serde(borrow)]
    sort: &'a RawValue,
}

/// An index, and how it is asked for.
struct Asking {
    cluster: Cluster,
    timeout: Duration,
    index: IndexName,
    alias_prefix: String,
}

/// Reason that there is no answer.
enum Refusal {
    /// It may be there later.
    Fault(DocumentStoreError),
    /// It never will be.
    Never(String),
    /// It is too large.
    TooLarge,
}

impl Asking {
    fn alias(&self) -> String {
        alias(&self.alias_prefix, self.index)
    }

    async fn open_point(&self) -> Result<String, CommandError> {
        #[derive(Deserialize)]
        struct Point {
            pit_id: String,
        }
        let path = format!("/{}/_search/point_in_time?keep_alive={KEEP_ALIVE}", self.alias());
        let body = self.patiently(Method::POST, &path, &Payload::None).await?.ok_or(TOO_LARGE)?;
        let point: Point = serde_json::from_slice(&body).map_err(|_| "OpenSearch gave no point in time")?;
        Ok(point.pit_id)
    }

    /// A page of documents after a place in the order; `None` if it is too large. No filter of the answer is asked for:
    /// OpenSearch would write the documents anew, and not as they are.
    async fn page(
        &self,
        point: &str,
        size: usize,
        after: Option<&str>,
        count: bool,
    ) -> Result<Option<Bytes>, CommandError> {
        let mut search = json!({
            "size": size,
            "version": true,
            "pit": { "id": point, "keep_alive": KEEP_ALIVE },
            "query": { "bool": { "must_not": tombstone::query() } },
            "sort": [{ "id": "asc" }],
            "track_total_hits": count,
        });
        if let (Some(after), Some(search)) = (after, search.as_object_mut()) {
            search.insert("search_after".to_owned(), serde_json::from_str(after)?);
        }
        // A part of the documents would look like all of them.
        let path = "/_search?allow_partial_search_results=false";
        self.patiently(Method::POST, path, &Payload::Json(search.to_string().into())).await
    }

    /// Asks until there is an answer, or there was none for too long. `None` if the answer is too large.
    async fn patiently(&self, method: Method, path: &str, payload: &Payload) -> Result<Option<Bytes>, CommandError> {
        let started = Instant::now();
        let mut failures = 0;
        loop {
            match self.once(method.clone(), path, payload).await {
                Ok(body) => return Ok(Some(body)),
                Err(Refusal::TooLarge) => return Ok(None),
                Err(Refusal::Never(reason)) => return Err(reason.into()),
                Err(Refusal::Fault(error)) if started.elapsed() >= GIVE_UP_AFTER => return Err(error.into()),
                Err(Refusal::Fault(error)) => {
                    failures += 1;
                    tokio::time::sleep(wait(failures, &error)).await;
                }
            }
        }
    }

    async fn once(&self, method: Method, path: &str, payload: &Payload) -> Result<Bytes, Refusal> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.send(method, path, payload)).await.unwrap_or_else(|_| {
            Err(Refusal::Fault(DocumentStoreError::Failed(format!("no answer within {timeout:?}"))))
        })
    }

    async fn send(&self, method: Method, path: &str, payload: &Payload) -> Result<Bytes, Refusal> {
        let answer = self.cluster.send(method, path, payload.clone()).await.map_err(Refusal::Fault)?;
        let status = answer.status();
        match status {
            200 => answer.read(MOST_BYTES, TOO_LARGE).await.map_err(|error| match error {
                DocumentStoreError::Failed(what) if what == TOO_LARGE => Refusal::TooLarge,
                error => Refusal::Fault(error),
            }),
            400 | 401 | 403 | 404 => {
                let body = answer.read(ERROR_BYTES, TOO_LARGE).await.unwrap_or_default();
                Err(Refusal::Never(never(&self.alias_prefix, self.index, status, &body)))
            }
            _ => Err(Refusal::Fault(answer.error().await)),
        }
    }
}

/// Error of an answer that stays as it is, with its remedy.
fn never(alias_prefix: &str, index: IndexName, status: u16, body: &[u8]) -> String {
    let body = serde_json::from_slice(body).unwrap_or_default();
    let error = ErrorCause::of_body(&body);
    let shown = error.shown();
    let unsorted = || error.innermost().reason.as_deref().is_some_and(|reason| reason.contains("[id]"));
    match status {
        404 if error.r#type == "index_not_found_exception" => missing(alias_prefix, index),
        400 if unsorted() => format!(
            "the index behind {alias_prefix}{index} can't be put in the order of its ids ({shown}); make its mapping \
             with: coffer prepare"
        ),
        _ if shown.is_empty() => format!("OpenSearch answered {status}"),
        _ => format!("OpenSearch answered {status}: {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_keeps_the_white_space_around_it() {
        let body = b"{\"hits\":{\"hits\":[{\"_version\":3,\"_source\": \t{\"a\": 1e400 } ,\"sort\":[\"1\",3]},{\"_version\":1,\"_source\":{},\"sort\":[null]}]}}";
        let page: Page<'_> = serde_json::from_slice(body).unwrap();
        let found: Vec<_> = page.hits.hits.iter().map(|hit| (whole(body, hit.source), hit.sort.get())).collect();
        assert_eq!(found, [(&b" \t{\"a\": 1e400 } "[..], "[\"1\",3]"), (b"{}", "[null]")]);
    }

    #[test]
    fn an_error_is_told_with_its_innermost_cause_and_without_values() {
        let never = |status, body: &str| never("p-", IndexName::Roles, status, body.as_bytes());
        let shard = |reason: &str| {
            format!(
                r#"{{"error":{{"type":"search_phase_execution_exception","reason":"all shards failed","root_cause":[
                    {{"type":"query_shard_exception","reason":"{reason}"}}]}},"status":400}}"#
            )
        };
        let told = never(400, &shard("No mapping found for [id] in order to sort on"));
        assert_eq!(
            told,
            "the index behind p-roles can't be put in the order of its ids (search_phase_execution_exception: all \
             shards failed; caused by query_shard_exception: No mapping found for [id] in order to sort on); make its \
             mapping with: coffer prepare"
        );
        let told = never(400, &shard("[id] of \\\"canary\\\""));
        assert!(told.contains("coffer prepare") && !told.contains("canary"), "{told}");
        let told = never(400, &shard("failed to parse date field [canary]"));
        assert!(told.ends_with("caused by query_shard_exception: failed to parse date field …"), "{told}");
        let caused = r#"{"error":{"type":"a","reason":"b","caused_by":{"type":"c","reason":"d"}}}"#;
        assert_eq!(never(403, caused), "OpenSearch answered 403: a: b; caused by c: d");
        let missing = r#"{"error":{"type":"index_not_found_exception","reason":"no such index [p-roles]"}}"#;
        assert!(never(404, missing).contains("has no alias p-roles"));
        for body in [r#"{"Message":"no"}"#, r#"{"message":"no"}"#, r#"{"error":"no"}"#] {
            assert_eq!(never(403, body), "OpenSearch answered 403: no");
        }
        assert_eq!(never(403, "<html>"), "OpenSearch answered 403");
    }

    #[test]
    fn what_is_missing_is_counted() {
        assert!(complete(3, 3).is_ok() && complete(3, 4).is_ok());
        assert!(complete(3, 1).unwrap_err().to_string().starts_with("2 documents are missing"));
    }
}
