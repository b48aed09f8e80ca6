//! The six indices that can be read.

use std::fmt;

/// The name of an index, one for each type of document. Lower case, as the API has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexName {
    /// Access profiles.
    AccessProfiles,
    /// Account activities.
    AccountActivities,
    /// Entitlements.
    Entitlements,
    /// Events.
    Events,
    /// Identities.
    Identities,
    /// Roles.
    Roles,
}

impl IndexName {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 6] = [
        Self::AccessProfiles,
        Self::AccountActivities,
        Self::Entitlements,
        Self::Events,
        Self::Identities,
        Self::Roles,
    ];

    /// The index of this name, letter by letter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|index| index.as_str() == text)
    }

    /// The name in a path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessProfiles => "accessprofiles",
            Self::AccountActivities => "accountactivities",
            Self::Entitlements => "entitlements",
            Self::Events => "events",
            Self::Identities => "identities",
            Self::Roles => "roles",
        }
    }

    /// Value of the field `_type` of the index's documents.
    #[must_use]
    pub fn document_type(self) -> &'static str {
        match self {
            Self::AccessProfiles => "accessprofile",
            Self::AccountActivities => "accountactivity",
            Self::Entitlements => "entitlement",
            Self::Events => "event",
            Self::Identities => "identity",
            Self::Roles => "role",
        }
    }

    /// The six names in one line, for messages.
    #[must_use]
    pub fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
