//! Values of a query or a header.

use http::HeaderMap;
use http::header::IF_MATCH;

use crate::http::endpoint::RequestContext;
use crate::vault::Revision;

use super::error::{ErrorCode, FieldError, VaultError};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Number of items to leave out.
    pub offset: u64,
    /// Greatest number of items: 1 to 100.
    pub limit: usize,
}

/// The largest and the default page.
const MAX_LIMIT: u64 = 100;

/// Reads `offset` and `limit`; other parameters are ignored.
///
/// # Errors
/// [`VaultError::Invalid`] for a value that is no number, out of range or repeated.
pub fn page_query(call: &RequestContext) -> Result<Page, VaultError> {
    let offset = number(call, "offset", 0, 0..=u64::MAX)?;
    let limit = number(call, "limit", MAX_LIMIT, 1..=MAX_LIMIT)?;
    Ok(Page { offset, limit: usize::try_from(limit).unwrap_or(100) })
}

fn number(
    call: &RequestContext,
    name: &str,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, VaultError> {
    let error = |code| {
        let (from, to) = (range.start(), range.end());
        FieldError::new(code, name, format!("{name} must be one whole number from {from} to {to}"))
    };
    let text = match call.query(name).as_slice() {
        [] => return Ok(default),
        [text] => *text,
        _ => return Err(error(ErrorCode::ValueIncorrectFormat).into()),
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(error(ErrorCode::ValueIncorrectType).into());
    }
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| error(ErrorCode::ValueOutOfBounds).into())
}

/// Condition of `If-Match` (RFC 9110, section 13.1.1) on the stored state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing: there is no such header, or it is `*`, and the secret must exist in any case.
    Any,
    /// To be one of these. A tag that is none of ours matches nothing, and isn't among them.
    OneOf(Vec<Revision>),
}

impl IfMatch {
    /// The acceptable revisions, if not any is.
    #[must_use]
    pub fn revisions(&self) -> Option<&[Revision]> {
        match self {
            Self::Any => None,
            Self::OneOf(revisions) => Some(revisions),
        }
    }

    /// Tells whether a stored state is acceptable.
    #[must_use]
    pub fn accepts(&self, revision: Revision) -> bool {
        self.revisions().is_none_or(|revisions| revisions.contains(&revision))
    }
}

/// The most entity tags in one `If-Match`.
const MAX_TAGS: usize = 10;

/// Reads `If-Match`.
///
/// # Errors
/// [`VaultError::Invalid`] if it is neither `*` nor a list of at most ten entity tags.
pub fn if_match(headers: &HeaderMap) -> Result<IfMatch, VaultError> {
    let bad = || {
        let message = "If-Match must be * or a list of at most 10 entity tags, each in double quotes";
        VaultError::from(FieldError::new(ErrorCode::ValueIncorrectFormat, "If-Match", message))
    };
    let mut values = headers.get_all(IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(IfMatch::Any);
    }
    let (mut revisions, mut tags) = (Vec::new(), 0);
    for value in values {
        let text = value.to_str().map_err(|_| bad())?.trim();
        if text == "*" {
            return Ok(IfMatch::Any);
        }
        for tag in entity_tags(text).ok_or_else(bad)? {
            revisions.extend(Revision::from_entity_tag(tag));
            tags += 1;
        }
    }
    if tags == 0 || tags > MAX_TAGS {
        return Err(bad());
    }
    Ok(IfMatch::OneOf(revisions))
}

/// Entity tags of a list; `None` for other text. A comma in quotes is part of its tag (RFC 9110, section 8.8.3), and
/// empty elements are ignored (section 5.6.1.2).
fn entity_tags(list: &str) -> Option<Vec<&str>> {
    let (mut tags, mut rest) = (Vec::new(), list);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (_, after) = quoted.split_once('"')?;
        tags.push(rest.strip_suffix(after)?);
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}
