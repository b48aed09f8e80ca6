//! Percent-encoding, alike for the paths that are answered with and those that are asked for.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a text as one segment of a path.
pub(crate) fn encode(text: &str) -> String {
    percent_encode(text.as_bytes(), RESERVED).to_string()
}
