//! Small objects that several documents hold.

use serde::{Deserialize, Serialize};

use super::field::{FieldKind, Typed};
use super::lenient::document;

document! {
    /// Another object, by id and name.
    pub struct Reference {
        /// Id of the object referred to.
        id("id"): String,
        /// Its name, for people.
        name("name"): String,
    }
}

document! {
    /// Another object, by id, name and kind.
    pub struct TypedReference {
        /// Id of the object referred to.
        id("id"): String,
        /// Its name, for people.
        name("name"): String,
        /// Kind of object, such as `IDENTITY`, or of a source the connector.
        kind("type"): String,
    }
}

document! {
    /// An identity, by id, account name and full name.
    pub struct DisplayReference {
        /// Id of the identity.
        id("id"): String,
        /// Its name in the system, such as `ad.admin`.
        name("name"): String,
        /// Its name as shown to people, such as `AD Admin`.
        display_name("displayName"): String,
    }
}

document! {
    /// The identity that answers for an access item.
    pub struct Owner {
        /// Kind of the owner: `IDENTITY`.
        kind("type"): String,
        /// Id of the owning identity.
        id("id"): String,
        /// Name of the owner as shown to people.
        name("name"): String,
        /// E-mail address of the owner.
        email("email"): String,
    }
}

document! {
    /// An entitlement, as an access profile lists it.
    pub struct EntitlementSummary {
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
    }
}

document! {
    /// A change asked for on one attribute of an account.
    pub struct AttributeRequest {
        /// Name of the attribute.
        name("name"): String,
        /// Operation on it: `Add`, `Set`, `Remove`.
        op("op"): String,
        /// The value to add, set or remove: one, or a list.
        value("value"): Values,
    }
}

/// One text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Values {
    /// A single value.
    One(String),
    /// Several values, in the order given.
    Many(Vec<String>),
}

impl Typed for Values {
    const KIND: FieldKind = FieldKind::Text;
}
