//! The index `accessprofiles`.

use super::common::{EntitlementSummary, Owner, Reference};
use super::lenient::document;

document! {
    /// An access profile: entitlements of one source, given out together.
    ///
    /// `id` and `name` are required today; a document without them is kept all the same.
    pub struct AccessProfileDocument {
        /// Id of the access profile.
        id("id"): String,
        /// Name of the access profile.
        name("name"): String,
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
        /// Kind of the document: `accessprofile`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// Source its entitlements come from.
        source("source"): Reference,
        /// Entitlements it gives.
        entitlements("entitlements"): Vec<EntitlementSummary>,
        /// Number of its entitlements.
        entitlement_count("entitlementCount"): i64,
        /// Labels put on it.
        tags("tags"): Vec<String>,
        /// Segments with members that see it.
        segments("segments"): Vec<Reference>,
        /// Number of its segments.
        segment_count("segmentCount"): i64,
        /// Applications it belongs to.
        apps("apps"): Vec<AccessProfileApp>,
    }
}

document! {
    /// An application that an access profile belongs to.
    pub struct AccessProfileApp {
        /// Id of the application.
        id("id"): String,
        /// Name of the application.
        name("name"): String,
        /// Description, in words.
        description("description"): String,
        /// Identity that answers for it.
        owner("owner"): Owner,
    }
}
