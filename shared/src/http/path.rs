//! The segments of a raw path: split first, then percent-decoded once, so that an encoded slash stays part of a name
//! and a `+` stays a plus.

/// A segment that is not percent-encoded UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be percent-encoded UTF-8")]
pub(super) struct PathError;

/// Decodes one segment.
pub(super) fn decode(segment: &str) -> Result<String, PathError> {
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            // `percent_decode` of the library lets a broken escape stand; here it is refused.
            let mut digit = || rest.next().and_then(|&digit| char::from(digit).to_digit(16));
            let (high, low) = (digit().ok_or(PathError)?, digit().ok_or(PathError)?);
            decoded.push(u8::try_from(high * 16 + low).map_err(|_| PathError)?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).map_err(|_| PathError)
}

/// The last `N` segments of a path, undecoded. The segments before them are the gateway's: a stage, a base path, a
/// version.
pub(super) fn last_segments<const N: usize>(path: &str) -> Option<[&str; N]> {
    let mut segments = [""; N];
    let mut rest = path.rsplit('/');
    for slot in segments.iter_mut().rev() {
        *slot = rest.next()?;
    }
    rest.next().map(|_| segments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url_encoding::encode;

    #[test]
    fn an_encoded_slash_stays_in_its_segment() {
        assert_eq!(last_segments("/v1/secrets/a%2Fb"), Some(["secrets", "a%2Fb"]));
        assert_eq!(decode("a%2Fb"), Ok("a/b".to_owned()));
    }

    #[test]
    fn a_segment_is_decoded_once() {
        assert_eq!(decode("a%252Fb"), Ok("a%2Fb".to_owned()));
    }

    #[test]
    fn a_plus_is_a_plus() {
        assert_eq!(decode("a+b"), Ok("a+b".to_owned()));
    }

    #[test]
    fn broken_escapes_and_broken_utf8_are_refused() {
        for bad in ["%", "%2", "%zz", "a%", "%ff", "%c3%28", "%+1"] {
            assert_eq!(decode(bad), Err(PathError), "{bad}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_to_itself() {
        let text = "a/b c+d%e?f#g&h=i:j@k$l,ü€\u{10348}'\"~";
        assert_eq!(decode(&encode(text)), Ok(text.to_owned()));
    }
}
