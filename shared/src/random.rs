//! Random ids.

use std::fmt;

use aws_lc_rs::rand;

/// Sixteen random bytes that tell one thing from every other of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomId([u8; 16]);

impl RandomId {
    /// Draws a new id from the operating system's generator.
    ///
    /// # Errors
    /// [`RandomFailed`] if the generator has nothing to give.
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
        let valid = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(|n| Self(n.to_be_bytes()))
    }
}

/// As 32 lower-case hexadecimal digits.
impl fmt::Display for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct RandomFailed;
