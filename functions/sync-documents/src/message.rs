//! Content of a message: one change of one document.

use bytes::Bytes;
use serde_json::value::RawValue;
use shared::document_validation::ValidDocument;
use shared::json::{RawObject, kind};
use shared::names::{DocumentId, IndexName};
use shared::search::{Change, DocumentBytes, Operation, Version};

/// A change, and the index that it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) index: IndexName,
    pub(crate) change: Change,
}

/// Reason that a message can never be applied, and its readable parts. The reason quotes nothing of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Defect {
    pub(crate) index: Option<IndexName>,
    pub(crate) id: Option<DocumentId>,
    pub(crate) reason: String,
}

/// The highest version that a message may have, 2⁶². A document of the highest version of all could never be changed
/// again.
const MAX_VERSION: u64 = 1 << 62;

/// Reads a message's body. Unknown members are ignored: they may be notes of the sender.
pub(crate) fn read(body: &str) -> Result<Message, Defect> {
    let nameless = |reason| Defect { index: None, id: None, reason };
    let members = object(body.as_bytes()).map_err(|reason| nameless(format!("the body {reason}")))?;
    let (index, id) = (read_index(&members), read_id(&members));
    let (known_index, known_id) = (index.as_ref().ok().copied(), id.as_ref().ok().cloned());
    let change = || {
        let (index, id) = (index?, id?);
        let version = read_version(&members)?;
        let operation = read_operation(&members, &id)?;
        Ok(Message { index, change: Change { id, version, operation } })
    };
    change().map_err(|reason| Defect { index: known_index, id: known_id, reason })
}

/// The members of an object. A parser that finds something else quotes it, so that is looked at before.
fn object(bytes: &[u8]) -> Result<RawObject<'_>, String> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err("must be a JSON object".to_owned());
    }
    RawObject::parse(bytes).map_err(|error| format!("must be a JSON object that names each member once: {error}"))
}

/// A member that must be there; `right` names the correct value.
fn required<'a>(members: &RawObject<'a>, name: &str, right: &str) -> Result<&'a RawValue, String> {
    members.get(name).ok_or_else(|| format!("{name} is missing: it must be {right}"))
}

/// A member that must be a string.
fn text(members: &RawObject<'_>, name: &str, right: &str) -> Result<String, String> {
    let value = required(members, name, right)?;
    serde_json::from_str(value.get()).map_err(|_| format!("{name} is {}: it must be {right}", kind(value)))
}

fn read_index(members: &RawObject<'_>) -> Result<IndexName, String> {
    let right = format!("one of {}", IndexName::list());
    IndexName::parse(&text(members, "index", &right)?)
        .ok_or_else(|| format!("index is unknown: it must be {right}, in lower case"))
}

fn read_id(members: &RawObject<'_>) -> Result<DocumentId, String> {
    let id = text(members, "id", "the document's id, a string")?;
    DocumentId::parse(id).map_err(|error| format!("id {error}"))
}

fn read_version(members: &RawObject<'_>) -> Result<Version, String> {
    let right = format!("an integer from 0 to {MAX_VERSION}");
    let value = required(members, "version", &right)?;
    let number = serde_json::from_str(value.get()).ok().filter(|number| *number <= MAX_VERSION).and_then(Version::new);
    number.ok_or_else(|| match kind(value) {
        "a number" => format!("version is another number: it must be {right}"),
        other => format!("version is {other}: it must be {right}"),
    })
}

fn read_operation(members: &RawObject<'_>, id: &DocumentId) -> Result<Operation, String> {
    const RIGHT: &str = "upsert or delete";
    match text(members, "operation", RIGHT)?.as_str() {
        "upsert" => read_document(members, id).map(Operation::Upsert),
        "delete" if members.get("document").is_none() => Ok(Operation::Delete),
        "delete" => Err("document is there: with the operation delete it must be absent or null".to_owned()),
        _ => Err(format!("operation is unknown: it must be {RIGHT}")),
    }
}

fn read_document(members: &RawObject<'_>, id: &DocumentId) -> Result<DocumentBytes, String> {
    const RIGHT: &str = "the document, a JSON object, with the operation upsert";
    let value = required(members, "document", RIGHT)?;
    if kind(value) != "an object" {
        return Err(format!("document is {}: it must be {RIGHT}", kind(value)));
    }
    let accepted = ValidDocument::parse(Bytes::copy_from_slice(value.get().as_bytes()));
    let accepted = accepted.map_err(|reason| format!("document can't be accepted: {reason}"))?;
    if accepted.id == *id {
        Ok(accepted.document)
    } else {
        Err("document has another id than the message: both must be the same".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with some members otherwise: an empty text takes one away.
    fn body(changes: &[(&str, &str)]) -> String {
        let mut members = vec![
            ("index", r#""roles""#),
            ("operation", r#""upsert""#),
            ("id", r#""1""#),
            ("version", "7"),
            ("document", r#"{"id":"1", "n" : 1.0}"#),
        ];
        for (name, value) in changes {
            members.retain(|(known, _)| known != name);
            members.push((name, value));
        }
        let members = members.iter().filter(|(_, value)| !value.is_empty());
        format!("{{{}}}", members.map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(","))
    }

    #[track_caller]
    fn expect_reason(body: &str, part: &str) {
        let defect = read(body).expect_err(body);
        assert!(defect.reason.contains(part), "{body}: {defect:?}");
        assert!(!defect.reason.contains("canary"), "{body}: {defect:?}");
    }

    #[test]
    fn a_document_keeps_the_bytes_that_it_has_in_its_message() {
        let message = read(&body(&[])).unwrap();
        let document = DocumentBytes::new(Bytes::from_static(br#"{"id":"1", "n" : 1.0}"#)).unwrap();
        assert_eq!(message.change.operation, Operation::Upsert(document));
        assert_eq!((message.index, message.change.version.number()), (IndexName::Roles, 7));
    }

    #[test]
    fn a_delete_has_no_document_or_null() {
        for document in ["", "null"] {
            let message = read(&body(&[("operation", r#""delete""#), ("document", document)])).unwrap();
            assert_eq!(message.change.operation, Operation::Delete);
        }
        expect_reason(&body(&[("operation", r#""delete""#)]), "document is there: with the operation delete");
    }

    // Here, for through Lambda none could come: an event is no larger than an answer.
    #[test]
    fn a_document_that_no_answer_can_carry_is_refused() {
        let document = |quotes: usize| format!(r#"{{"id":"1","canary":[{}""]}}"#, r#""","#.repeat(quotes));
        assert!(read(&body(&[("document", &document(1_200_000))])).is_ok());
        let large = body(&[("document", &document(1_300_000))]);
        let defect = read(&large).unwrap_err();
        assert!(defect.reason.starts_with("document can't be accepted: larger than an answer can be"), "{defect:?}");
    }

    #[test]
    fn members_without_a_meaning_are_passed_over() {
        assert!(read(&body(&[("sent_by", r#"{"a":[1]}"#)])).is_ok());
    }

    #[test]
    fn a_version_is_an_integer_of_63_bits() {
        for right in ["0", "4611686018427387904"] {
            assert!(read(&body(&[("version", right)])).is_ok(), "{right}");
        }
        for wrong in ["-1", "-0", "7.0", "7e0", "4611686018427387905", "9223372036854775807", "18446744073709551616"] {
            let reason = "version is another number: it must be an integer from 0 to 4611686018427387904";
            expect_reason(&body(&[("version", wrong)]), reason);
        }
        for (wrong, what) in [("\"7\"", "a string"), ("true", "a boolean"), ("[7]", "an array"), ("{}", "an object")] {
            expect_reason(&body(&[("version", wrong)]), &format!("version is {what}: it must be an integer"));
        }
    }

    #[test]
    fn a_defect_names_its_member_and_what_would_be_right() {
        let indices = "one of accessprofiles, accountactivities, entitlements, events, identities, roles";
        for (name, value, part) in [
            ("index", "", &*format!("index is missing: it must be {indices}")),
            ("index", "null", "index is missing"),
            ("index", "1", "index is a number"),
            ("index", r#""Roles""#, &*format!("index is unknown: it must be {indices}, in lower case")),
            ("operation", "", "operation is missing: it must be upsert or delete"),
            ("operation", r#""create""#, "operation is unknown: it must be upsert or delete"),
            ("id", "", "id is missing: it must be the document's id"),
            ("id", r#""""#, "id must not be empty"),
            ("id", r#""2""#, "document has another id than the message"),
            ("version", "", "version is missing: it must be an integer"),
            ("document", "", "document is missing: it must be the document, a JSON object, with the operation upsert"),
            ("document", "null", "document is missing"),
            ("document", r#""canary""#, "document is a string: it must be the document"),
            ("document", r#"["canary"]"#, "document is an array"),
            ("document", "{}", "document can't be accepted: the member id is missing"),
            ("document", r#"{"id":1}"#, "document can't be accepted: the member id is missing or no string"),
            ("document", r#"{"id":"1","canary":1,"canary":1}"#, "document can't be accepted: not a JSON object"),
        ] {
            expect_reason(&body(&[(name, value)]), part);
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_not_quoted() {
        for body in ["", "canary", r#""canary""#, "[\"canary\"]", "4711", "null"] {
            expect_reason(body, "the body must be a JSON object");
        }
        for body in [r#"{"canary":1,"canary":2}"#, r#"{"index":"canary""#, r#"{"canary"}"#, "{} canary"] {
            expect_reason(body, "the body must be a JSON object that names each member once");
        }
    }

    #[test]
    fn a_defect_tells_what_could_be_read() {
        let defect = read(&body(&[("version", "")])).unwrap_err();
        assert_eq!((defect.index, defect.id), (Some(IndexName::Roles), DocumentId::parse("1").ok()));
        let defect = read(&body(&[("index", r#""x""#)])).unwrap_err();
        assert_eq!((defect.index, defect.id), (None, DocumentId::parse("1").ok()));
    }
}
