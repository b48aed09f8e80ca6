//! The index `roles`.

use super::common::{Owner, Reference};
use super::lenient::document;

document! {
    /// A role: access profiles and entitlements that belong to a job.
    ///
    /// `id` and `name` are required today; a document without them is kept all the same.
    pub struct RoleDocument {
        /// Id of the role.
        id("id"): String,
        /// Name of the role.
        name("name"): String,
        /// Kind of the document: `role`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// Purpose, in words.
        description("description"): String,
        /// When it was created: ISO 8601, or null.
        created("created"): String,
        /// When it was last changed: ISO 8601, or null.
        modified("modified"): String,
        /// When it was queued for the index: ISO 8601, or null; it is found somewhat later.
        synced("synced"): String,
        /// True if it can be given out at present. Default: false.
        enabled("enabled"): bool,
        /// True if people may ask for it. Default: true.
        requestable("requestable"): bool,
        /// True if a requester has to leave a comment. Default: false.
        request_comments_required("requestCommentsRequired"): bool,
        /// Identity that answers for it.
        owner("owner"): Owner,
        /// Access profiles it gives.
        access_profiles("accessProfiles"): Vec<Reference>,
        /// Number of its access profiles; may be null.
        access_profile_count("accessProfileCount"): i64,
        /// Labels put on it.
        tags("tags"): Vec<String>,
        /// Segments with members that see it.
        segments("segments"): Vec<Reference>,
        /// Number of its segments; may be null.
        segment_count("segmentCount"): i64,
        /// Entitlements it gives directly.
        entitlements("entitlements"): Vec<RoleEntitlement>,
        /// Number of its direct entitlements; may be null.
        entitlement_count("entitlementCount"): i64,
        /// True if its access depends on attributes of its holder. Default: false.
        dimensional("dimensional"): bool,
        /// Number of these attributes; may be null.
        dimension_schema_attribute_count("dimensionSchemaAttributeCount"): i64,
        /// The attributes it depends on.
        dimension_schema_attributes("dimensionSchemaAttributes"): Vec<DimensionSchemaAttribute>,
        /// Access in each case.
        dimensions("dimensions"): Vec<Dimension>,
    }
}

document! {
    /// An entitlement, as a role or one of its dimensions lists it.
    pub struct RoleEntitlement {
        /// True if the entitlement carries permissions. Default: false.
        has_permissions("hasPermissions"): bool,
        /// Purpose of the entitlement, in words; may be null.
        description("description"): String,
        /// Account attribute that holds the entitlement, such as `memberOf`.
        attribute("attribute"): String,
        /// Value of that attribute which stands for the entitlement.
        value("value"): String,
        /// Account schema the attribute belongs to, such as `group`.
        schema("schema"): String,
        /// True if the entitlement gives elevated rights. Default: false.
        privileged("privileged"): bool,
        /// Id of the entitlement.
        id("id"): String,
        /// Name of the entitlement.
        name("name"): String,
        /// Name of the source for objects of its kind, such as `group`.
        source_schema_object_type("sourceSchemaObjectType"): String,
        /// Digest by which a change of it is noticed.
        hash("hash"): String,
    }
}

document! {
    /// An attribute that decides the access of a dimensional role.
    pub struct DimensionSchemaAttribute {
        /// True if its value comes from the identity's own attributes. Default: true.
        derived("derived"): bool,
        /// Name as shown to people.
        display_name("displayName"): String,
        /// Name in the system.
        name("name"): String,
    }
}

document! {
    /// One case of a dimensional role.
    pub struct Dimension {
        /// Id of the dimension.
        id("id"): String,
        /// Name of the dimension.
        name("name"): String,
        /// Purpose, in words; may be null.
        description("description"): String,
        /// Entitlements given in this case.
        entitlements("entitlements"): Vec<RoleEntitlement>,
        /// Access profiles given in this case.
        access_profiles("accessProfiles"): Vec<Reference>,
    }
}
