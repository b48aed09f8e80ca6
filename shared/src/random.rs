//! Random ids.

use std::fmt;

use aws_lc_rs::rand;

/// Sixteen random bytes that tell one thing from every other of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomId([u8; 16]);

impl RandomId {
    /// Draws a new id from the operating system's generator.
    pub fn make() -> Result<Self, RandomFailed> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|_| RandomFailed)?;
        Ok(Self(bytes))
    }

    /// The id that these bytes are, if there are sixteen of them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id of 32 lower-case hexadecimal digits, if it is one.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let is_lower_case = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        (is_lower_case && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(Self(bytes))
    }
}

/// As 32 lower-case hexadecimal digits.
impl fmt::Display for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct RandomFailed;
