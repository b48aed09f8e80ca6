//! Plaintext in memory.

use std::fmt;
use std::ops::Deref;

use zeroize::optimization_barrier;

/// Bytes that are overwritten before their memory is given back. `Debug` shows their number alone.
#[derive(PartialEq, Eq)]
pub struct ZeroizingBytes(Vec<u8>);

impl ZeroizingBytes {
    /// To change them. Growth beyond the memory that it has leaves a copy behind that is never wiped.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// The bytes, which are no plaintext any more: they won't be wiped.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<u8>> for ZeroizingBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for ZeroizingBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ZeroizingBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZeroizingBytes({} bytes)", self.0.len())
    }
}

impl Drop for ZeroizingBytes {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites all memory of the bytes with zeros. At once: `Zeroize` for a `Vec` goes byte by byte, and takes ten times
/// as long as it took to decrypt them.
fn wipe(bytes: &mut Vec<u8>) {
    bytes.clear();
    // No more than is there already, so that nothing is moved.
    bytes.resize(bytes.capacity(), 0);
    // Without it the compiler could see that nobody reads the zeros, and leave them out.
    optimization_barrier(bytes.as_slice());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memory_of_the_bytes_is_overwritten_where_it_is() {
        let mut bytes = Vec::with_capacity(100);
        bytes.extend_from_slice(b"plaintext that was longer");
        bytes.truncate(9);
        let (place, capacity) = (bytes.as_ptr(), bytes.capacity());
        wipe(&mut bytes);
        assert_eq!((bytes.as_ptr(), bytes.len()), (place, capacity));
        assert!(bytes.iter().all(|byte| *byte == 0));
    }
}
