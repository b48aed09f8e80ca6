//! Limits of a secret.

/// Limits of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest `data`, in bytes as sent.
    pub max_data_bytes: usize,
}

impl Limits {
    /// The most roles in one list.
    pub const MAX_ROLES: usize = 100;

    /// The largest body in bytes: the largest data, and as much again as two full role lists with names can need.
    #[must_use]
    pub fn max_body_bytes(self) -> usize {
        self.max_data_bytes + 256 * 1024
    }
}
