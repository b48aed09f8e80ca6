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
        /// What it is for, in words.
        description("description"): String,
        /// When it was created: ISO 8601, or null.
        created("created"): String,
        /// When it was last changed: ISO 8601, or null.
        modified("modified"): String,
        /// When it was queued for the index: ISO 8601, or null; it is found somewhat later.
        synced("synced"): String,
        /// Whether it can be given out at present. Default: false.
        enabled("enabled"): bool,
        /// Whether people may ask for it. Default: true.
        requestable("requestable"): bool,
        /// Whether who asks for it has to leave a comment. Default: false.
        request_comments_required("requestCommentsRequired"): bool,
        /// Identity that answers for it.
        owner("owner"): Owner,
        /// Kind of the document: `accessprofile`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// Source its entitlements come from.
        source("source"): Reference,
        /// Entitlements it gives.
        entitlements("entitlements"): Vec<EntitlementSummary>,
        /// How many entitlements it gives.
        entitlement_count("entitlementCount"): i64,
        /// Labels put on it.
        tags("tags"): Vec<String>,
        /// Segments whose members see it.
        segments("segments"): Vec<Reference>,
        /// How many segments those are.
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
        /// What it is, in words.
        description("description"): String,
        /// Identity that answers for it.
        owner("owner"): Owner,
    }
}
