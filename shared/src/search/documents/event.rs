//! The index `events`.

use serde_json::{Map, Value};

use super::lenient::document;

document! {
    /// An event: one entry of the audit trail.
    ///
    /// No field is required.
    pub struct EventDocument {
        /// Id of the event.
        id("id"): String,
        /// Name of the event, such as `Update Task Schedule Passed`.
        name("name"): String,
        /// Kind of the document: `event`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// When it happened: ISO 8601, or null.
        created("created"): String,
        /// When it was queued for the index: ISO 8601; it is found somewhat later.
        synced("synced"): String,
        /// The event's name in audit reports.
        action("action"): String,
        /// Group of events it belongs to, such as `SYSTEM_CONFIG`.
        kind("type"): String,
        /// Cause: an identity or a system.
        actor("actor"): EventParty,
        /// Target of the event.
        target("target"): EventParty,
        /// Part of the system that reported it, such as `tpe`.
        stack("stack"): String,
        /// Id shared by the events of one operation.
        tracking_number("trackingNumber"): String,
        /// IP address of the system it concerns.
        ip_address("ipAddress"): String,
        /// Id under which its details are kept.
        details("details"): String,
        /// Further facts, by name.
        attributes("attributes"): Map<String, Value>,
        /// Kinds of object it happened to, such as `TASK`.
        objects("objects"): Vec<String>,
        /// Operation, such as `UPDATE`.
        operation("operation"): String,
        /// Result, such as `PASSED`.
        status("status"): String,
        /// Objects, operation and status in one word, joined by underscores.
        technical_name("technicalName"): String,
    }
}

document! {
    /// One side of an event: the actor or the target.
    pub struct EventParty {
        /// Name of the identity, task or system.
        name("name"): String,
    }
}
