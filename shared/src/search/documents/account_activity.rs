//! The index `accountactivities`.

use super::common::{AttributeRequest, TypedReference};
use super::lenient::document;

document! {
    /// An account activity: the request for changes of accounts, its approvals, and its result.
    ///
    /// No field is required.
    pub struct AccountActivityDocument {
        /// Id of the activity.
        id("id"): String,
        /// Name of the activity. Announced in 2024 only.
        name("name"): String,
        /// Kind of the document: `accountactivity`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// Action, such as `Access Request`.
        action("action"): String,
        /// When it began: ISO 8601, or null.
        created("created"): String,
        /// When it last changed: ISO 8601, or null.
        modified("modified"): String,
        /// When it was queued for the index: ISO 8601; it is found somewhat later.
        synced("synced"): String,
        /// Stage, such as `Completed`.
        stage("stage"): String,
        /// Where it was started; may be null. Announced in 2024 only.
        origin("origin"): String,
        /// Status, such as `Complete`.
        status("status"): String,
        /// Requester.
        requester("requester"): TypedReference,
        /// Target of the activity.
        recipient("recipient"): TypedReference,
        /// Id shared by all that belongs to the same request.
        tracking_number("trackingNumber"): String,
        /// Errors of the sources, in words.
        errors("errors"): Vec<String>,
        /// Warnings of the sources, in words.
        warnings("warnings"): Vec<String>,
        /// Decisions people took on it.
        approvals("approvals"): Vec<Approval>,
        /// Original requests.
        original_requests("originalRequests"): Vec<OriginalRequest>,
        /// Items that the request was expanded into.
        expansion_items("expansionItems"): Vec<ExpansionItem>,
        /// Actions on each account.
        account_requests("accountRequests"): Vec<AccountRequest>,
        /// Names of the sources concerned, in one text.
        sources("sources"): String,
    }
}

document! {
    /// A decision somebody took on an activity.
    pub struct Approval {
        /// Remarks made along the way.
        comments("comments"): Vec<ApprovalComment>,
        /// When the decision was asked for: ISO 8601, or null. Announced in 2024 only.
        created("created"): String,
        /// When it last changed: ISO 8601, or null.
        modified("modified"): String,
        /// Identity that decides.
        owner("owner"): TypedReference,
        /// Decision, such as `Finished`.
        result("result"): String,
        /// Kind of decision; may be null. Announced in 2024 only.
        kind("type"): String,
        /// The attribute change decided on.
        attribute_request("attributeRequest"): AttributeRequest,
        /// Source of the account concerned.
        source("source"): TypedReference,
    }
}

document! {
    /// A remark on a decision.
    pub struct ApprovalComment {
        /// The remark itself.
        comment("comment"): String,
        /// Name of the author.
        commenter("commenter"): String,
        /// When it was made: ISO 8601, or null.
        date("date"): String,
    }
}

document! {
    /// A change to an account as it was asked for.
    pub struct OriginalRequest {
        /// The account's id at its source.
        account_id("accountId"): String,
        /// Attribute changes asked for.
        attribute_requests("attributeRequests"): Vec<AttributeRequest>,
        /// Operation on the account, such as `Modify`.
        op("op"): String,
        /// Source of the account.
        source("source"): TypedReference,
        /// Result.
        result("result"): OriginalRequestResult,
    }
}

document! {
    /// Result of an original request.
    pub struct OriginalRequestResult {
        /// Status, such as `Manual Task Created`.
        status("status"): String,
    }
}

document! {
    /// One of the items that a request was turned into.
    pub struct ExpansionItem {
        /// The account's id at its source.
        account_id("accountId"): String,
        /// Origin of the item, such as `Role`.
        cause("cause"): String,
        /// Name of the item.
        name("name"): String,
        /// Attribute changes it stands for. Announced in 2024 only; today it is `attributeRequest`.
        attribute_requests("attributeRequests"): Vec<AttributeRequest>,
        /// The attribute change it stands for.
        attribute_request("attributeRequest"): AttributeRequest,
        /// Source of the account.
        source("source"): TypedReference,
        /// Id of the item.
        id("id"): String,
        /// State of the item, such as `EXECUTING`.
        state("state"): String,
    }
}

document! {
    /// Action on one account.
    pub struct AccountRequest {
        /// The account's id at its source.
        account_id("accountId"): String,
        /// Attribute changes made.
        attribute_requests("attributeRequests"): Vec<AttributeRequest>,
        /// Operation on the account, such as `Modify`.
        op("op"): String,
        /// System that carries the change out.
        provisioning_target("provisioningTarget"): TypedReference,
        /// Result.
        result("result"): AccountRequestResult,
        /// Source of the account.
        source("source"): TypedReference,
    }
}

document! {
    /// Result of a change to an account.
    pub struct AccountRequestResult {
        /// Errors, in words.
        errors("errors"): Vec<String>,
        /// Status, such as `committed`.
        status("status"): String,
        /// Id of the ticket in a service desk; may be null.
        ticket_id("ticketId"): String,
    }
}
