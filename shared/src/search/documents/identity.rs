//! The index `identities`.

use serde_json::{Map, Value};

use super::common::{DisplayReference, Reference, TypedReference};
use super::lenient::document;

document! {
    /// An identity: a person or a machine, with its accounts and all that it may do.
    ///
    /// `id` and `name` are required today; a document without them is kept all the same.
    pub struct IdentityDocument {
        /// Id of the identity.
        id("id"): String,
        /// Name in the system, such as `ad.admin`.
        name("name"): String,
        /// Kind of the document: `identity`. Announced in 2024 only, and left out by default.
        document_type("_type"): String,
        /// Name as shown to people.
        display_name("displayName"): String,
        /// Given name.
        first_name("firstName"): String,
        /// Family name.
        last_name("lastName"): String,
        /// Main e-mail address.
        email("email"): String,
        /// When it was created: ISO 8601, or null.
        created("created"): String,
        /// When it was last changed: ISO 8601, or null.
        modified("modified"): String,
        /// Telephone number, as somebody wrote it.
        phone("phone"): String,
        /// When it was queued for the index: ISO 8601; it is found somewhat later.
        synced("synced"): String,
        /// True if it is out of use. Default: false.
        inactive("inactive"): bool,
        /// True if it is guarded against change and removal. Default: false.
        protected("protected"): bool,
        /// Status in the system, such as `UNREGISTERED`.
        status("status"): String,
        /// Number the employer knows the person by; a text.
        employee_number("employeeNumber"): String,
        /// Manager of the identity; may be null.
        manager("manager"): DisplayReference,
        /// True if other identities report to it.
        is_manager("isManager"): bool,
        /// Identity profile that made it.
        identity_profile("identityProfile"): Reference,
        /// Source that is authoritative for it.
        source("source"): Reference,
        /// Further attributes, by name.
        attributes("attributes"): Map<String, Value>,
        /// Result of its last processing, such as `ERROR`; may be null.
        processing_state("processingState"): String,
        /// Error of the last processing; may be null.
        processing_details("processingDetails"): ProcessingDetails,
        /// Accounts that belong to it.
        accounts("accounts"): Vec<IdentityAccount>,
        /// Number of its accounts.
        account_count("accountCount"): i64,
        /// Applications it can use.
        apps("apps"): Vec<IdentityApp>,
        /// Number of its applications.
        app_count("appCount"): i64,
        /// Access profiles, entitlements and roles it has.
        access("access"): Vec<IdentityAccess>,
        /// Number of all access items.
        access_count("accessCount"): i64,
        /// Number of entitlements among them.
        entitlement_count("entitlementCount"): i64,
        /// Number of roles among them.
        role_count("roleCount"): i64,
        /// Number of access profiles among them.
        access_profile_count("accessProfileCount"): i64,
        /// Objects that it owns. Announced as a list; where it comes as a single object, `extra` has it.
        owns("owns"): Vec<Owns>,
        /// Number of objects that it owns.
        owns_count("ownsCount"): i64,
        /// Labels put on it.
        tags("tags"): Vec<String>,
        /// Number of its labels.
        tags_count("tagsCount"): i64,
        /// True if it is switched off. Default: false.
        disabled("disabled"): bool,
        /// True if it is locked out. Default: false.
        locked("locked"): bool,
        /// Ids of the segments it can see.
        visible_segments("visibleSegments"): Vec<String>,
        /// Number of these segments.
        visible_segment_count("visibleSegmentCount"): i64,
    }
}

document! {
    /// Error of the processing of an identity.
    pub struct ProcessingDetails {
        /// When it did: ISO 8601, or null.
        date("date"): String,
        /// Step it had come to.
        stage("stage"): String,
        /// Number of retries.
        retry_count("retryCount"): i64,
        /// Where in the program it failed.
        stack_trace("stackTrace"): String,
        /// Error, in words.
        message("message"): String,
    }
}

document! {
    /// An account of an identity.
    pub struct IdentityAccount {
        /// Id of the account.
        id("id"): String,
        /// Name of the account.
        name("name"): String,
        /// The account's id at its source.
        account_id("accountId"): String,
        /// Source it belongs to.
        source("source"): TypedReference,
        /// True if it is switched off. Default: false.
        disabled("disabled"): bool,
        /// True if it is locked out. Default: false.
        locked("locked"): bool,
        /// True if it has elevated rights. Default: false.
        privileged("privileged"): bool,
        /// True if somebody assigned it to the identity by hand. Default: false.
        manually_correlated("manuallyCorrelated"): bool,
        /// When its password was last set: ISO 8601, or null.
        password_last_set("passwordLastSet"): String,
        /// Attributes that hold entitlements, by name; may be null.
        entitlement_attributes("entitlementAttributes"): Map<String, Value>,
        /// When it was created: ISO 8601, or null.
        created("created"): String,
        /// True if its password can be changed from here. Default: false.
        supports_password_change("supportsPasswordChange"): bool,
        /// Its other attributes, by name; may be null.
        account_attributes("accountAttributes"): Map<String, Value>,
    }
}

document! {
    /// An application that an identity can use.
    pub struct IdentityApp {
        /// Id of the application; often a decimal number, as a text.
        id("id"): String,
        /// Name of the application.
        name("name"): String,
        /// Source that gives access to it.
        source("source"): Reference,
        /// Account it is used with.
        account("account"): IdentityAppAccount,
    }
}

document! {
    /// The account that an application is used with.
    pub struct IdentityAppAccount {
        /// Id of the account.
        id("id"): String,
        /// The account's id at its source.
        account_id("accountId"): String,
    }
}

document! {
    /// An access profile, an entitlement or a role of an identity: `type` says which, and has fields of its own.
    pub struct IdentityAccess {
        /// Id of the access item.
        id("id"): String,
        /// Name of the access item.
        name("name"): String,
        /// Name as shown to people.
        display_name("displayName"): String,
        /// `ACCESS_PROFILE`, `ENTITLEMENT` or `ROLE`.
        kind("type"): String,
        /// Purpose, in words; may be null.
        description("description"): String,
        /// Source of an access profile or an entitlement.
        source("source"): Reference,
        /// Identity that answers for an access profile or a role.
        owner("owner"): DisplayReference,
        /// True if an access profile or a role can be taken away.
        revocable("revocable"): bool,
        /// True if an entitlement gives elevated rights.
        privileged("privileged"): bool,
        /// Account attribute that holds an entitlement.
        attribute("attribute"): String,
        /// Value of that attribute which stands for the entitlement.
        value("value"): String,
        /// True if an entitlement is held outside of any access profile and role.
        standalone("standalone"): bool,
        /// True if a role is switched off.
        disabled("disabled"): bool,
    }
}

document! {
    /// Objects that an identity owns, by kind.
    pub struct Owns {
        /// Sources.
        sources("sources"): Vec<Reference>,
        /// Entitlements.
        entitlements("entitlements"): Vec<Reference>,
        /// Access profiles.
        access_profiles("accessProfiles"): Vec<Reference>,
        /// Roles.
        roles("roles"): Vec<Reference>,
        /// Applications.
        apps("apps"): Vec<Reference>,
        /// Governance groups.
        governance_groups("governanceGroups"): Vec<Reference>,
        /// True if decisions go to this identity when nobody else can take them.
        fallback_approver("fallbackApprover"): bool,
    }
}
