//! Identifiers of both APIs. A value of these types has passed its rules; there is no other way to make one.

mod index;
mod text;

use std::fmt;

pub use index::IndexName;
pub use text::TextError;

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident, $limit:expr, $check:path) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The longest accepted text, in bytes of UTF-8.
            pub const MAX_BYTES: usize = $limit;

            /// Accepts `text` if it keeps the rules above.
            ///
            /// # Errors
            /// [`TextError`] says which rule is broken.
            pub fn parse(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                $check(&text, Self::MAX_BYTES)?;
                Ok(Self(text))
            }

            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// The name of a secret, unique for its owner: 1 to 512 bytes of UTF-8 without control characters, not `.` or `..`.
    /// Names are compared and ordered bytewise; no Unicode normalisation is applied.
    SecretName, 512, text::check_segment
);

identifier!(
    /// The id of a user: 1 to 256 bytes of UTF-8 without control characters, not `.` or `..`.
    UserId, 256, text::check_segment
);

identifier!(
    /// The id of a role: 1 to 256 bytes of UTF-8 without control characters.
    RoleId, 256, text::check
);

identifier!(
    /// The id of a search document: 1 to 512 bytes of UTF-8, the limit of OpenSearch, without control characters, not
    /// `.` or `..`.
    DocumentId, 512, text::check_segment
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_512_bytes_is_accepted_and_one_byte_more_is_not() {
        assert!(SecretName::parse("n".repeat(512)).is_ok());
        assert_eq!(SecretName::parse("n".repeat(513)), Err(TextError::TooLong { limit: 512, length: 513 }));
    }

    #[test]
    fn length_is_counted_in_bytes_of_utf8() {
        assert!(SecretName::parse("ä".repeat(256)).is_ok());
        assert!(SecretName::parse("ä".repeat(257)).is_err());
    }

    #[test]
    fn control_characters_are_refused() {
        for bad in ["\0", "a\nb", "\u{7f}", "\u{85}"] {
            assert_eq!(SecretName::parse(bad), Err(TextError::Control), "{bad:?}");
        }
    }

    #[test]
    fn dot_segments_are_refused_as_names_but_three_dots_are_a_name() {
        assert_eq!(SecretName::parse("."), Err(TextError::Dots));
        assert_eq!(SecretName::parse(".."), Err(TextError::Dots));
        assert!(SecretName::parse("...").is_ok());
    }

    #[test]
    fn an_empty_user_id_is_refused() {
        assert_eq!(UserId::parse(""), Err(TextError::Empty));
    }
}
