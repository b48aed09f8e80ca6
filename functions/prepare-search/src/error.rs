//! Error of a preparation.

use shared::names::IndexName;

/// Error of a preparation. The texts name the remedy, if there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The cluster or the domain failed, could not be reached, or is in a state that nobody expects.
    #[error("{0}")]
    Failed(String),
    /// The time that there was is over.
    #[error("timed out: {0}")]
    TimeIsUp(String),
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// One index could not be prepared.
    #[error("{index}: {error}")]
    Index {
        /// Which one.
        index: IndexName,
        /// Its error.
        error: Box<PrepareError>,
    },
}

impl PrepareError {
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::Failed(what.into())
    }

    /// Tells whether more time would have helped.
    #[must_use]
    pub fn is_of_time(&self) -> bool {
        match self {
            Self::TimeIsUp(_) => true,
            Self::Index { error, .. } => error.is_of_time(),
            Self::Failed(_) | Self::Stopped => false,
        }
    }
}
