//! The index `entitlements`.

use serde_json::{Map, Value};

use super::common::{Reference, TypedReference};
use super::lenient::document;

document! {
    /// An entitlement: a right that an account can have at its source, such as a group.
    ///
    /// `id` and `name` are required today; a document without them is kept all the same.
    pub struct EntitlementDocument {
        /// Id of the entitlement.
        id("id"): String,
        /// Name of the entitlement.
        name("name"): String,
        /// Kind of the document: `entitlement`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// When it was last changed: ISO 8601, or null.
        modified("modified"): String,
        /// When it was queued for the index: ISO 8601; it is found somewhat later.
        synced("synced"): String,
        /// Name as shown to people.
        display_name("displayName"): String,
        /// Source it belongs to.
        source("source"): TypedReference,
        /// Segments with members that see it.
        segments("segments"): Vec<Reference>,
        /// Number of its segments.
        segment_count("segmentCount"): i64,
        /// True if people may ask for it. Default: false.
        requestable("requestable"): bool,
        /// True if it is governed as a cloud entitlement. Default: false.
        cloud_governed("cloudGoverned"): bool,
        /// When it was created: ISO 8601, or null.
        created("created"): String,
        /// True if it gives elevated rights. Default: false.
        privileged("privileged"): bool,
        /// Number of identities that have it. Announced in 2024 only.
        identity_count("identityCount"): i64,
        /// Labels put on it.
        tags("tags"): Vec<String>,
        /// Account attribute that holds it, such as `groups`.
        attribute("attribute"): String,
        /// Value of that attribute which stands for it.
        value("value"): String,
        /// Name of the source for objects of its kind, such as `group`.
        source_schema_object_type("sourceSchemaObjectType"): String,
        /// Account schema it belongs to.
        schema("schema"): String,
        /// Digest by which a change of it is noticed.
        hash("hash"): String,
        /// Further attributes, as the source has them.
        attributes("attributes"): Map<String, Value>,
        /// Names of the attributes that were cut for length.
        truncated_attributes("truncatedAttributes"): Vec<String>,
        /// True if it opens access to governed data. Default: false.
        contains_data_access("containsDataAccess"): bool,
        /// Which fields somebody edited by hand; may be null.
        manually_updated_fields("manuallyUpdatedFields"): ManuallyUpdatedFields,
        /// Permissions it consists of.
        permissions("permissions"): Vec<Permission>,
    }
}

document! {
    /// The fields of an entitlement that somebody edited by hand, so that the source doesn't overwrite them.
    pub struct ManuallyUpdatedFields {
        /// True if the description was edited. Default: false.
        description("DESCRIPTION"): bool,
        /// True if the display name was edited. Default: false.
        display_name("DISPLAY_NAME"): bool,
    }
}

document! {
    /// Rights to one thing.
    pub struct Permission {
        /// Target of the rights, such as a table.
        target("target"): String,
        /// The rights, such as `SELECT`.
        rights("rights"): Vec<String>,
    }
}
