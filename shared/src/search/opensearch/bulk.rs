//! Changes of documents, applied with `POST /{alias}/_bulk` and external versions.
//!
//! A request names its alias in the path, and no index in its body. A policy of IAM sees the path alone: which indices
//! may be written it can hold only where the cluster has `rest.action.multi.allow_explicit_index: false`, for a body
//! could name others. `require_alias` keeps OpenSearch from making an index of its own where the alias is missing.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::clock::now_ms;
use crate::names::{DocumentId, IndexName};
use crate::search::store::{
    Change, DocumentStoreError, Operation, Outcome, ReadVersions, StoredVersions, WriteDocuments,
};
use crate::search::{Version, tombstone};

use super::{Cluster, ErrorCause, Payload, alias};

/// Query of the request, with the members of the answer that are read: only those that decide.
const QUERY: &str = "require_alias=true&filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,\
                     items.*.error.caused_by";
/// The longest answer to one change, in bytes.
const MAX_ITEM_BYTES: usize = 8 * 1024;
/// The longest answer to none, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Writes documents into OpenSearch.
pub struct OpenSearchWriter {
    cluster: Cluster,
    alias_prefix: String,
    timeout: Duration,
}

impl OpenSearchWriter {
    /// Writes into the indices behind the aliases `{alias_prefix}{index}`; a request may take `timeout`.
    #[must_use]
    pub fn new(cluster: Cluster, alias_prefix: String, timeout: Duration) -> Self {
        Self { cluster, alias_prefix, timeout }
    }

    async fn send(&self, index: IndexName, changes: &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> {
        let path = format!("/{}/_bulk?{QUERY}", alias(&self.alias_prefix, index));
        let answer = self.cluster.send(Method::POST, &path, Payload::Lines(lines(changes)?)).await?;
        match answer.status() {
            200 => {
                let limit = MAX_ANSWER_BYTES + MAX_ITEM_BYTES * changes.len();
                outcomes(&answer.read(limit, "OpenSearch answered with an unreasonable body").await?, changes.len())
            }
            _ => Err(answer.error().await),
        }
    }
}

impl fmt::Debug for OpenSearchWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSearchWriter").field("alias_prefix", &self.alias_prefix).finish_non_exhaustive()
    }
}

impl WriteDocuments for OpenSearchWriter {
    async fn apply(&self, index: IndexName, changes: &[Change]) -> Result<Vec<Outcome>, DocumentStoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.send(index, changes))
            .await
            .unwrap_or_else(|_| Err(DocumentStoreError::Failed(format!("no answer within {timeout:?}"))))
    }
}

impl OpenSearchWriter {
    async fn ask_versions(&self, index: IndexName, ids: &[DocumentId]) -> Result<StoredVersions, DocumentStoreError> {
        const QUERY: &str = "_source=false&filter_path=error,Message,message,docs._id,docs._version,docs.error";
        let path = format!("/{}/_mget?{QUERY}", alias(&self.alias_prefix, index));
        let words: Vec<_> = ids.iter().map(DocumentId::as_str).collect();
        let body = serde_json::json!({ "ids": words }).to_string();
        let answer = self.cluster.send(Method::POST, &path, Payload::Json(body.into())).await?;
        match answer.status() {
            200 => {
                let limit = MAX_ANSWER_BYTES + MAX_ITEM_BYTES * ids.len();
                versions(&answer.read(limit, "OpenSearch answered with an unreasonable body").await?, ids)
            }
            // A writer needs no permission to read.
            403 => {
                let body = answer.read(MAX_ANSWER_BYTES, "").await.unwrap_or_default();
                let error = ErrorCause::of_body(&serde_json::from_slice(&body).unwrap_or_default()).shown();
                let unread = Some(format!("OpenSearch answered 403 {error}").trim_end().to_owned());
                Ok(StoredVersions { versions: vec![None; ids.len()], unread })
            }
            _ => Err(answer.error().await),
        }
    }
}

impl ReadVersions for OpenSearchWriter {
    async fn versions(&self, index: IndexName, ids: &[DocumentId]) -> Result<StoredVersions, DocumentStoreError> {
        if ids.is_empty() {
            return Ok(StoredVersions::default());
        }
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.ask_versions(index, ids))
            .await
            .unwrap_or_else(|_| Err(DocumentStoreError::Failed(format!("no answer within {timeout:?}"))))
    }
}

/// The versions of these documents in an answer to `_mget`. One that isn't there has no version in it.
fn versions(body: &[u8], ids: &[DocumentId]) -> Result<StoredVersions, DocumentStoreError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        docs: Vec<Found>,
    }
    #[derive(Deserialize)]
    struct Found {
        #[serde(rename = "_id")]
        id: String,
        #[serde(rename = "_version")]
        version: Option<u64>,
        error: Option<ErrorCause>,
    }
    let failed = |_| DocumentStoreError::Failed("OpenSearch answered what is no answer about versions".to_owned());
    let body: Body = serde_json::from_slice(body).map_err(failed)?;
    let unread = body.docs.iter().find_map(|found| found.error.as_ref()).map(ErrorCause::shown);
    let found: HashMap<_, _> = body.docs.into_iter().map(|found| (found.id, found.version)).collect();
    let versions = ids.iter().map(|id| found.get(id.as_str()).copied().flatten().and_then(Version::new)).collect();
    Ok(StoredVersions { versions, unread })
}

#[derive(Serialize)]
struct Action<'a> {
    index: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    #[serde(rename = "_id")]
    id: &'a str,
    version: u64,
    version_type: &'static str,
}

/// The request's body: two lines a change.
fn lines(changes: &[Change]) -> Result<Bytes, DocumentStoreError> {
    const ACTION: usize = 100;
    let size = |change: &Change| match &change.operation {
        Operation::Upsert(document) => document.as_bytes().len() + change.id.as_str().len() + ACTION,
        Operation::Delete => change.id.as_str().len() + 2 * ACTION,
    };
    let mut body = Vec::with_capacity(changes.iter().map(size).sum());
    for change in changes {
        let target = Target { id: change.id.as_str(), version: change.version.number(), version_type: "external" };
        serde_json::to_writer(&mut body, &Action { index: target })
            .map_err(|error| DocumentStoreError::Failed(error.to_string()))?;
        body.push(b'\n');
        match &change.operation {
            // A line break ends the document here. In JSON it stands between tokens alone, where a space is the same.
            Operation::Upsert(document) => {
                body.extend(
                    document.as_bytes().iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }),
                );
            }
            Operation::Delete => body.extend_from_slice(tombstone::tombstone(now_ms()).as_bytes()),
        }
        body.push(b'\n');
    }
    Ok(body.into())
}

#[derive(Deserialize)]
struct BulkAnswer {
    errors: bool,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: ItemState,
}

#[derive(Deserialize)]
struct ItemState {
    status: u16,
    error: Option<ErrorCause>,
}

fn outcomes(body: &[u8], expected: usize) -> Result<Vec<Outcome>, DocumentStoreError> {
    let answer: BulkAnswer = serde_json::from_slice(body).map_err(|_| {
        DocumentStoreError::Failed("OpenSearch answered what is no answer to a bulk request".to_owned())
    })?;
    if answer.items.len() != expected {
        return Err(DocumentStoreError::Failed("OpenSearch answered for another number of changes".to_owned()));
    }
    let outcomes: Vec<_> = answer.items.into_iter().map(|item| outcome(item.index)).collect();
    if answer.errors == outcomes.iter().all(|outcome| *outcome == Outcome::Applied) {
        return Err(DocumentStoreError::Failed("OpenSearch contradicts itself about errors".to_owned()));
    }
    Ok(outcomes)
}

fn outcome(state: ItemState) -> Outcome {
    let error = state.error.unwrap_or_default();
    let failed = |error: DocumentStoreError| Outcome::Failed(error);
    match state.status {
        200 | 201 => Outcome::Applied,
        409 => conflict(error.reason.as_deref().unwrap_or_default()),
        429 => failed(DocumentStoreError::Throttled {
            reason: "OpenSearch answered 429 for a document".to_owned(),
            retry_after_seconds: None,
        }),
        400 if concerns_document(&error) => Outcome::Refused(error.shown()),
        // All else may pass: a block while indices are prepared, a closed index, an alias without a write index or
        // that isn't there yet, a missing permission.
        other => {
            failed(DocumentStoreError::Failed(format!("OpenSearch answered {other} for a document: {}", error.shown())))
        }
    }
}

/// Types of errors that concern a document: its JSON, or its values and the mapping.
const OF_DOCUMENTS: [&str; 12] = [
    "mapper_parsing_exception",
    "mapper_exception",
    "document_parsing_exception",
    "strict_dynamic_mapping_exception",
    "parsing_exception",
    "parse_exception",
    "x_content_parse_exception",
    "not_x_content_exception",
    "json_parse_exception",
    "stream_constraints_exception",
    "input_coercion_exception",
    "number_format_exception",
];
/// Words of errors with a type that is too general: `illegal_argument_exception` is that of an immense term and of an
/// alias without a write index alike.
const ABOUT_DOCUMENTS: [&str; 9] = [
    "immense term",
    "is too large, must be <=",
    "mapper [",
    "mapping for [",
    "object mapping [",
    "Limit of total fields",
    "Limit of mapping depth",
    "nested documents",
    "field name",
];

/// Tells an error of the document itself from one of the index or the cluster.
fn concerns_document(error: &ErrorCause) -> bool {
    let about = |error: &ErrorCause| {
        let reason = error.reason.as_deref().unwrap_or_default();
        ABOUT_DOCUMENTS.iter().any(|words| reason.contains(words))
    };
    match error.r#type.as_str() {
        "illegal_argument_exception" => about(error) || about(error.innermost()),
        kind => OF_DOCUMENTS.contains(&kind),
    }
}

/// Outcome of a version conflict. The answer has the stored version in its message alone.
fn conflict(reason: &str) -> Outcome {
    let number = |after: &str| {
        let rest = reason.rsplit_once(after)?.1.strip_prefix(" [")?;
        rest.split_once(']')?.0.parse::<u64>().ok()
    };
    match (number("current version"), number("than the one provided").or_else(|| number("the one provided"))) {
        (Some(current), Some(provided)) if current == provided => Outcome::Unchanged,
        (current, _) => Outcome::Stale(current.and_then(Version::new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes_of(items: &str, errors: bool, count: usize) -> Result<Vec<Outcome>, DocumentStoreError> {
        outcomes(format!(r#"{{"errors":{errors},"items":[{items}]}}"#).as_bytes(), count)
    }

    fn one(item: &str) -> Outcome {
        outcomes_of(&format!(r#"{{"index":{item}}}"#), true, 1).unwrap().remove(0)
    }

    #[test]
    fn a_conflict_with_the_same_version_is_told_from_one_with_a_newer() {
        let reason = |current: u64| {
            let reason = format!(
                "[a]: version conflict, current version [{current}] is higher or equal to the one provided [5]"
            );
            one(&format!(
                r#"{{"status":409,"error":{{"type":"version_conflict_engine_exception","reason":"{reason}"}}}}"#
            ))
        };
        assert_eq!((reason(5), reason(6)), (Outcome::Unchanged, Outcome::Stale(Version::new(6))));
    }

    #[test]
    fn a_document_that_can_never_be_stored_is_told_from_one_that_may_be_later() {
        let refused = one(
            r#"{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [d]. Preview of field's value: 'secret'"}}"#,
        );
        assert_eq!(refused, Outcome::Refused("mapper_parsing_exception: failed to parse field [d].".to_owned()));
        for status in [403, 404, 429, 500, 503] {
            let item = format!(r#"{{"status":{status},"error":{{"type":"x","reason":"y"}}}}"#);
            assert!(matches!(one(&item), Outcome::Failed(_)), "{status}");
        }
    }

    #[test]
    fn only_an_error_that_concerns_the_document_is_its_fault() {
        let one = |kind: &str, reason: &str| {
            one(&format!(r#"{{"status":400,"error":{{"type":"{kind}","reason":"{reason}"}}}}"#))
        };
        for (kind, reason) in [
            ("mapper_parsing_exception", "failed to parse"),
            ("document_parsing_exception", "x"),
            ("strict_dynamic_mapping_exception", "x"),
            ("parse_exception", "x"),
            ("illegal_argument_exception", "Document contains at least one immense term in field"),
            ("illegal_argument_exception", "DocValuesField \\\"a\\\" is too large, must be <= 32766"),
            ("illegal_argument_exception", "mapper [a] cannot be changed from type [long] to [text]"),
            ("illegal_argument_exception", "Limit of total fields [1000] has been exceeded"),
        ] {
            assert!(matches!(one(kind, reason), Outcome::Refused(_)), "{kind}: {reason}");
        }
        for (kind, reason) in [
            ("index_closed_exception", "closed"),
            ("illegal_argument_exception", "no write index is defined for alias [roles]. The write index may be"),
            ("illegal_argument_exception", "pipeline with id [p] does not exist"),
            ("illegal_argument_exception", "an alias that points to multiple indices"),
            ("illegal_state_exception", "x"),
            ("routing_missing_exception", "routing is required for [roles]/[1]"),
            ("validation_exception", "this action would add [2] total shards"),
            ("invalid_index_name_exception", "x"),
            ("action_request_validation_exception", "x"),
            ("unknown_exception", "x"),
        ] {
            let outcome = one(kind, reason);
            assert!(
                matches!(&outcome, Outcome::Failed(error) if error.to_string().contains(kind)),
                "{kind}: {reason}: {outcome:?}"
            );
        }
    }

    #[test]
    fn versions_are_those_of_their_documents_whichever_are_missing() {
        let ids = ["a", "b", "c"].map(|id| DocumentId::parse(id).unwrap());
        let body = br#"{"docs":[{"_id":"c","_version":3},{"_id":"a"},{"_id":"b","_version":0}]}"#;
        let numbers = |body: &[u8]| -> Vec<_> {
            versions(body, &ids).unwrap().versions.into_iter().map(|version| version.map(Version::number)).collect()
        };
        assert_eq!(numbers(body), [None, Some(0), Some(3)]);
        assert_eq!(numbers(b"{}"), [None, None, None]);
        assert!(versions(b"[]x", &ids).is_err());
        let body = br#"{"docs":[{"_id":"a","error":{"type":"x","reason":"y"}},{"_id":"b","_version":0}]}"#;
        let found = versions(body, &ids).unwrap();
        assert_eq!(found.unread.as_deref(), Some("x: y"));
        assert_eq!(found.versions, [None, Version::new(0), None]);
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_a_fault() {
        let ok = r#"{"index":{"status":201}}"#;
        assert_eq!(outcomes_of(ok, false, 1), Ok(vec![Outcome::Applied]));
        assert!(outcomes_of(ok, true, 1).is_err());
        assert!(outcomes_of(ok, false, 2).is_err());
        assert!(outcomes_of(r#"{"index":{"status":409}}"#, false, 1).is_err());
    }
}
