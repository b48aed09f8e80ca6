//! The documents of the six search indices, as types: for producers of documents, for the description of the API, and
//! for the audit trail.
//!
//! The read path never passes a document through these types: the stored bytes go out unchanged. Still they lose
//! nothing: a document read into its type and written again equals the original as JSON. Every field announced in 2024
//! or today is an `Option`, even if it is called required. Times are text, since they come with and without
//! milliseconds. `extra` holds every value without a typed place. A producer fills `extra` only with members that have
//! no field of their own.

mod access_profile;
mod account_activity;
mod common;
mod entitlement;
mod event;
mod field;
mod identity;
mod lenient;
mod role;

pub use access_profile::{AccessProfileApp, AccessProfileDocument};
pub use account_activity::{
    AccountActivityDocument, AccountRequest, AccountRequestResult, Approval, ApprovalComment, ExpansionItem,
    OriginalRequest, OriginalRequestResult,
};
pub use common::{AttributeRequest, DisplayReference, EntitlementSummary, Owner, Reference, TypedReference, Values};
pub use entitlement::{EntitlementDocument, ManuallyUpdatedFields, Permission};
pub use event::{EventDocument, EventParty};
pub use field::{Field, FieldKind};
pub use identity::{
    IdentityAccess, IdentityAccount, IdentityApp, IdentityAppAccount, IdentityDocument, Owns, ProcessingDetails,
};
pub use role::{Dimension, DimensionSchemaAttribute, RoleDocument, RoleEntitlement};

use field::Typed;

use crate::names::IndexName;

/// Documented fields of an index's documents.
#[must_use]
pub fn fields(index: IndexName) -> &'static [Field] {
    let kind = match index {
        IndexName::AccessProfiles => AccessProfileDocument::KIND,
        IndexName::AccountActivities => AccountActivityDocument::KIND,
        IndexName::Entitlements => EntitlementDocument::KIND,
        IndexName::Events => EventDocument::KIND,
        IndexName::Identities => IdentityDocument::KIND,
        IndexName::Roles => RoleDocument::KIND,
    };
    match kind {
        FieldKind::Object(fields) => fields,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {

    #[cfg(feature = "openapi")]
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::{Map, Value, json};
    #[cfg(feature = "openapi")]
    use utoipa::ToSchema;

    use super::*;

    /// Document, path, type, and whether null is announced: one row a field, out of the contract's table.
    const FIELDS: &str = include_str!("../../../../tests/document-fields.txt");

    #[cfg(feature = "openapi")]
    /// Path and JSON type of all that a schema describes; a path has one entry a type.
    type Described = BTreeSet<(String, String)>;

    /// Reads a document, checks that nothing of it is lost, and hands it over.
    fn reread<T: DeserializeOwned + Serialize>(original: &Value) -> T {
        let document: T = serde_json::from_value(original.clone()).unwrap();
        assert_eq!(&serde_json::to_value(&document).unwrap(), original);
        document
    }

    fn names(extra: &Map<String, Value>) -> String {
        let names: BTreeSet<&str> = extra.keys().map(String::as_str).collect();
        Vec::from_iter(names).join(", ")
    }

    /// Names that an example file leaves in `extra`.
    fn left_over<T: DeserializeOwned + Serialize>(file: &str, extra: fn(&T) -> &Map<String, Value>) -> String {
        assert_eq!(file.lines().count(), 1);
        let document: T = reread(&serde_json::from_str(file).unwrap());
        names(extra(&document))
    }

    #[test]
    fn the_example_of_an_access_profile_has_a_typed_place_for_everything() {
        let file = include_str!("../../../../examples/accessprofiles.jsonl");
        let left = left_over::<AccessProfileDocument>(file, |document| &document.extra);
        assert_eq!(left, "");
    }

    #[test]
    fn the_example_of_an_account_activity_leaves_only_its_null() {
        let file = include_str!("../../../../examples/accountactivities.jsonl");
        let left = left_over::<AccountActivityDocument>(file, |document| &document.extra);
        assert_eq!(left, "origin");
    }

    #[test]
    fn the_example_of_an_entitlement_leaves_only_the_two_fields_nobody_announced() {
        let file = include_str!("../../../../examples/entitlements.jsonl");
        let left = left_over::<EntitlementDocument>(file, |document| &document.extra);
        assert_eq!(left, "description, owner");
    }

    #[test]
    fn the_example_of_an_event_has_a_typed_place_for_everything() {
        let file = include_str!("../../../../examples/events.jsonl");
        let left = left_over::<EventDocument>(file, |document| &document.extra);
        assert_eq!(left, "");
    }

    #[test]
    fn the_example_of_an_identity_leaves_only_its_nulls() {
        let file = include_str!("../../../../examples/identities.jsonl");
        let left = left_over::<IdentityDocument>(file, |document| &document.extra);
        assert_eq!(left, "manager, processingDetails, processingState");
    }

    #[test]
    fn the_example_of_a_role_leaves_only_its_null() {
        let file = include_str!("../../../../examples/roles.jsonl");
        let left = left_over::<RoleDocument>(file, |document| &document.extra);
        assert_eq!(left, "modified");
    }

    #[test]
    fn what_the_examples_hold_is_read_into_typed_fields() {
        let file = include_str!("../../../../examples/identities.jsonl");
        let identity: IdentityDocument = serde_json::from_str(file).unwrap();
        assert_eq!(identity.display_name.as_deref(), Some("AD Admin"));
        assert_eq!(identity.account_count, Some(2));
        let accounts = identity.accounts.unwrap();
        let source = accounts.first().unwrap().source.clone().unwrap();
        assert_eq!(source.kind.as_deref(), Some("Active Directory - Direct"));
        let last = accounts.last().unwrap();
        assert_eq!(names(&last.extra), "entitlementAttributes, passwordLastSet");
        assert_eq!(identity.access.unwrap().len(), 3);
    }

    #[test]
    fn null_and_absent_stay_different() {
        let with: IdentityDocument = reread(&json!({"id": "1", "manager": null}));
        let without: IdentityDocument = reread(&json!({"id": "1"}));
        assert_ne!(with, without);
        assert_eq!(with.manager, without.manager);
        assert_eq!(with.extra.get("manager"), Some(&Value::Null));

        let account = json!({"accounts": [{"passwordLastSet": null}, {}]});
        let accounts = reread::<IdentityDocument>(&account).accounts.unwrap();
        assert_ne!(accounts.first(), accounts.last());
    }

    #[test]
    fn a_value_of_another_type_than_announced_is_kept() {
        let original = json!({
            "id": 7,
            "name": "ad.admin",
            "inactive": "false",
            "manager": "bob.wilson",
            "attributes": [1, 2],
            "accountCount": "2",
            "appCount": 1.5,
            "access": [{"id": "x"}, "y"],
            "accounts": [{"id": "a", "locked": 0, "source": ["s"], "created": 1_534_967_694_302_i64}],
            "owns": {"sources": [{"id": "s", "name": "HR"}], "fallbackApprover": true},
            "tags": ["TAG_1", null],
        });
        let document: IdentityDocument = reread(&original);
        assert_eq!(document.name.as_deref(), Some("ad.admin"));
        assert_eq!(document.owns, None);
        assert_eq!(
            names(&document.extra),
            "access, accountCount, appCount, attributes, id, inactive, manager, owns, tags"
        );
        let accounts = document.accounts.unwrap();
        let account = accounts.first().unwrap();
        assert_eq!(account.id.as_deref(), Some("a"));
        assert_eq!(names(&account.extra), "created, locked, source");
    }

    #[test]
    fn an_attribute_value_is_one_text_or_a_list_and_anything_else_is_kept() {
        let original = json!({"accountRequests": [{"attributeRequests": [
            {"name": "memberOf", "op": "Add", "value": "CN=Guests"},
            {"name": "memberOf", "op": "Add", "value": ["CN=Guests", "CN=Admins"]},
            {"name": "quota", "op": "Set", "value": 5},
        ]}]});
        let document: AccountActivityDocument = reread(&original);
        let account = document.account_requests.unwrap().remove(0);
        let values: Vec<Option<Values>> =
            account.attribute_requests.unwrap().into_iter().map(|request| request.value).collect();
        let one = Values::One("CN=Guests".into());
        let many = Values::Many(vec!["CN=Guests".into(), "CN=Admins".into()]);
        assert_eq!(values, [Some(one), Some(many), None]);
    }

    #[test]
    fn unknown_fields_survive_at_every_level() {
        let more = json!({"deep": [null, {"x": 1.5}]});
        let document: IdentityDocument = reread(&json!({
            "new": more,
            "manager": {"id": "m", "new": more},
            "attributes": {"new": more},
            "accounts": [{"new": more, "source": {"new": more}}],
            "apps": [{"new": more, "account": {"new": more}}],
            "access": [{"new": more, "owner": {"new": more}}],
            "owns": [{"new": more, "roles": [{"new": more}]}],
        }));
        assert_eq!(names(&document.extra), "new");
        assert_eq!(names(&document.manager.unwrap().extra), "new");
        let owns = document.owns.unwrap();
        let roles = owns.first().unwrap().roles.clone().unwrap();
        assert_eq!(names(&roles.first().unwrap().extra), "new");

        let role: RoleDocument = reread(&json!({
            "new": more,
            "owner": {"new": more},
            "dimensions": [{"new": more, "entitlements": [{"new": more}]}],
        }));
        assert_eq!(names(&role.owner.unwrap().extra), "new");
    }

    #[test]
    fn only_a_json_object_is_a_document() {
        for text in ["null", "[]", "\"id\"", "1", ""] {
            assert!(serde_json::from_str::<EventDocument>(text).is_err(), "{text}");
        }
        assert_eq!(reread::<EventDocument>(&json!({})), EventDocument::default());
    }

    /// Paths and types of the table of fields.
    fn add_fields(fields: &[Field], parent: &str, found: &mut BTreeSet<(String, &'static str)>) {
        for Field { name, kind } in fields {
            let path = format!("{parent}{name}");
            let kind = match kind {
                FieldKind::Text => "string",
                FieldKind::Boolean => "boolean",
                FieldKind::Integer => "integer",
                FieldKind::Map => "map",
                FieldKind::Object(inner) => {
                    add_fields(inner, &format!("{path}."), found);
                    "object"
                }
            };
            found.insert((path, kind));
        }
    }

    #[test]
    fn the_table_of_fields_has_the_announced_paths_and_types() {
        for index in IndexName::ALL {
            let mut found = BTreeSet::new();
            add_fields(fields(index), "", &mut found);
            let of_index = |line: &&str| {
                let document = line.split("Document").next().unwrap();
                document.eq_ignore_ascii_case(index.document_type())
            };
            let announced: BTreeSet<_> = FIELDS
                .lines()
                .filter(of_index)
                .map(|line| {
                    let columns: Vec<_> = line.split('\t').collect();
                    let kind = if columns[2] == "date-time" { "string" } else { columns[2] };
                    (columns[1].replace("[]", ""), kind)
                })
                .collect();
            assert_eq!(found, announced, "{index}");
        }
    }

    #[cfg(feature = "openapi")]
    fn described<T: ToSchema>() -> (String, Described) {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        let parts: BTreeMap<String, Value> =
            parts.into_iter().map(|(name, part)| (name, serde_json::to_value(part).unwrap())).collect();
        let mut found = Described::new();
        describe(&serde_json::to_value(T::schema()).unwrap(), &parts, "", &mut found);
        (T::name().into_owned(), found)
    }

    #[cfg(feature = "openapi")]
    /// Notes the types that a schema allows at a path, and continues below it.
    fn describe(schema: &Value, parts: &BTreeMap<String, Value>, path: &str, found: &mut Described) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap();
            describe(parts.get(name).unwrap(), parts, path, found);
        }
        for choice in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
            describe(choice, parts, path, found);
        }
        let members = schema.get("properties").and_then(Value::as_object);
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            None => Vec::new(),
        };
        for kind in types {
            let kind = if kind == "object" && members.is_none() { "map" } else { kind };
            found.insert((path.to_owned(), kind.to_owned()));
        }
        if let Some(items) = schema.get("items") {
            describe(items, parts, &format!("{path}[]"), found);
        }
        for (name, member) in members.into_iter().flatten() {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            describe(member, parts, &below, found);
        }
    }

    #[cfg(feature = "openapi")]
    fn all_described() -> [(String, Described); 6] {
        [
            described::<AccessProfileDocument>(),
            described::<AccountActivityDocument>(),
            described::<EntitlementDocument>(),
            described::<EventDocument>(),
            described::<IdentityDocument>(),
            described::<RoleDocument>(),
        ]
    }

    #[cfg(feature = "openapi")]
    /// Path, JSON type and nullability of a document's rows.
    fn rows(document: &str) -> Vec<(&'static str, &'static str, bool)> {
        FIELDS
            .lines()
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let of_document = columns.next()? == document;
                let (path, kind, nullable) = (columns.next()?, columns.next()?, columns.next()?);
                let kind = if kind == "date-time" { "string" } else { kind };
                of_document.then_some((path, kind, nullable == "yes"))
            })
            .collect()
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn every_announced_field_is_described_with_its_type() {
        let mut missing = Vec::new();
        let mut checked = 0;
        for (document, found) in all_described() {
            for (path, kind, nullable) in rows(&document) {
                checked += 1;
                let has = |kind: &str| found.contains(&(path.to_owned(), kind.to_owned()));
                if !has(kind) || (nullable && !has("null")) {
                    missing.push(format!("{document} {path} {kind}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
        assert_eq!(checked, FIELDS.lines().count());
        assert!(checked > 300);
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn no_field_is_described_that_nobody_announced() {
        let mut invented = Vec::new();
        for (document, found) in all_described() {
            let announced: BTreeSet<&str> =
                rows(&document).into_iter().map(|(path, ..)| path.trim_end_matches("[]")).collect();
            for (path, kind) in found {
                let path = path.trim_end_matches("[]");
                if !path.is_empty() && !announced.contains(path) {
                    invented.push(format!("{document} {path} {kind}"));
                }
            }
        }
        assert_eq!(invented, Vec::<String>::new());
    }
}
