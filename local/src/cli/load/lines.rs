//! The lines of a source, in memory that stays bounded however long one is.

use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;
use shared::http::GATEWAY_RESPONSE_LIMIT;

use super::source::skip_zeros;

/// The longest line that is read into memory, in bytes: a longer document could not be answered with.
pub(super) const MAX_LINE_BYTES: usize = GATEWAY_RESPONSE_LIMIT;
/// Bytes of a longer line that are held at once: a part.
const PART_BYTES: usize = 64 * 1024;

/// Extent of a line that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Its start. The rest is still in the source, for [`skip`].
    Start,
}

/// Reads a line with the bytes that end it, and replaces the content of `line`; `None` at the end of the source. Zeros
/// up to the end of the source are padding: they are not part of a line, and a line of them alone is empty.
pub(super) fn read(source: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<Extent>> {
    line.clear();
    read_part(source, line, MAX_LINE_BYTES)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.ends_with(b"\0") {
        // Other bytes after them are the rest of the line.
        if skip_zeros(source)? {
            return Ok(Some(Extent::Start));
        }
        let length = line.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        line.truncate(length);
        return Ok(Some(Extent::Whole));
    }
    let whole = line.len() < MAX_LINE_BYTES || line.ends_with(b"\n");
    Ok(Some(if whole { Extent::Whole } else { Extent::Start }))
}

/// Reads the next part of a line, and replaces the content of `part`; `false` after the last one, which ends with a
/// line feed even where the source doesn't.
fn read_on(source: &mut dyn BufRead, part: &mut Vec<u8>) -> io::Result<bool> {
    part.clear();
    read_part(source, part, PART_BYTES)?;
    if part.is_empty() {
        part.push(b'\n');
    }
    Ok(!part.ends_with(b"\n"))
}

/// Passes over a line; `false` at the end of the source.
pub(super) fn skip(source: &mut dyn BufRead) -> io::Result<bool> {
    let mut part = Vec::new();
    read_part(source, &mut part, PART_BYTES)?;
    let any = !part.is_empty();
    let mut more = part.len() == PART_BYTES && !part.ends_with(b"\n");
    while more {
        more = read_on(source, &mut part)?;
    }
    Ok(any)
}

fn read_part(source: &mut dyn BufRead, line: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    source.take(most as u64).read_until(b'\n', line)
}

/// A line without the bytes that end it and a byte order mark, which some editors put at the start of a file: in a file
/// put together from several it stands before any line.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

const ARRAY: &str = "it is a JSON array; write one document a line: jq -c '.[]' FILE | coffer load INDEX -";
const SEVERAL: &str = "a document has several lines; write one document a line: jq -c . FILE | coffer load INDEX -";
/// The same for a document with a comma after it.
pub(super) const COMMA: &str =
    "a comma stands after the document; take the commas out: sed 's/,$//' FILE | coffer load INDEX -";

/// The same for a line in which a carriage return stands, as in a file that ends its lines with one.
pub(super) const RETURN: &str =
    "a carriage return stands in the line; end lines with a line feed: tr '\\r' '\\n' < FILE | coffer load INDEX -";

/// Checks whether a first line with a document may show that a file does not have a document a line: [`misshapen`] tells
/// by the lines after it.
pub(super) fn is_suspect(line: &[u8]) -> bool {
    let text = content(line).trim_ascii();
    text.starts_with(b"[") || (text.starts_with(b"{") && !is_object(text))
}

/// Reads the lines after one up to the second that isn't blank. An error ends them, and comes again.
pub(super) fn ahead(source: &mut dyn BufRead) -> Vec<u8> {
    let mut ahead = Vec::new();
    let mut lines = 0;
    while lines < 2 {
        let start = ahead.len();
        if !matches!(read_part(source, &mut ahead, MAX_LINE_BYTES), Ok(1..)) {
            break;
        }
        if !ahead.get(start..).unwrap_or_default().trim_ascii().is_empty() {
            lines += 1;
        } else if ahead.len() > MAX_LINE_BYTES {
            break;
        }
    }
    ahead
}

/// Finds out from the first line with a document, and the lines [`ahead`], that a file does not have a document a line;
/// the sentence names the remedy. A line that is only broken is none of that: others are loaded.
pub(super) fn misshapen(line: &[u8], ahead: &[u8]) -> Option<&'static str> {
    let text = content(line).trim_ascii();
    let mut next = ahead.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (next, last) = (next.next().unwrap_or_default(), next.next().is_none());
    // Read together, they are one document, or its start.
    let continues = || {
        let joined = [text, b"\n", ahead].concat();
        let together = IgnoredAny::deserialize(&mut serde_json::Deserializer::from_slice(&joined));
        let ended = serde_json::from_slice::<IgnoredAny>(text).is_err_and(|error| error.is_eof());
        ended
            && !next.is_empty()
            && together.map_or_else(|error| error.is_eof() && !(last && is_object(next)), |_| true)
    };
    if let Some(rest) = text.strip_prefix(b"[") {
        let rest = rest.trim_ascii_start();
        let array = rest.starts_with(b"{") || (rest.is_empty() && line.ends_with(b"\n"));
        let alone = is_object(next) || next.starts_with(b"#");
        return (array && (!alone || continues())).then_some(ARRAY);
    }
    if has_comma(text) {
        return has_comma(next).then_some(COMMA);
    }
    (text.starts_with(b"{") && continues()).then_some(SEVERAL)
}

/// Checks for a document with a comma after it.
pub(super) fn has_comma(line: &[u8]) -> bool {
    line.trim_ascii().strip_suffix(b",").is_some_and(is_object)
}

fn is_object(text: &[u8]) -> bool {
    text.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut text: &[u8]) -> Vec<(Extent, usize)> {
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while let Some(extent) = read(&mut text, &mut line).unwrap() {
            let mut length = line.len();
            let mut more = extent == Extent::Start;
            while more {
                more = read_on(&mut text, &mut line).unwrap();
                length += line.len();
            }
            lines.push((extent, length));
        }
        lines
    }

    #[test]
    fn a_line_is_whole_up_to_the_limit() {
        let mut text = vec![b'x'; MAX_LINE_BYTES - 1];
        text.extend_from_slice(b"\ny\n\nz");
        let whole = |length| (Extent::Whole, length);
        assert_eq!(lines(&text), [whole(MAX_LINE_BYTES), whole(2), whole(1), whole(1)]);
    }

    #[test]
    fn a_longer_line_comes_in_parts_and_the_next_is_whole_again() {
        let mut text = vec![b'x'; 2 * MAX_LINE_BYTES + 1];
        text.extend_from_slice(b"\ny");
        assert_eq!(lines(&text), [(Extent::Start, 2 * MAX_LINE_BYTES + 2), (Extent::Whole, 1)]);
        // A line feed is put where the source ends without one.
        let text = vec![b'x'; MAX_LINE_BYTES];
        assert_eq!(lines(&text), [(Extent::Start, MAX_LINE_BYTES + 1)]);
    }

    #[test]
    fn lines_are_passed_over_whatever_their_length() {
        let mut text = vec![b'x'; PART_BYTES];
        text.extend_from_slice(b"\n\nlast");
        let mut text = text.as_slice();
        assert!(skip(&mut text).unwrap() && skip(&mut text).unwrap());
        assert_eq!(text, b"last");
        assert!(skip(&mut text).unwrap());
        assert!(!skip(&mut text).unwrap());
    }

    #[test]
    fn a_line_ends_as_on_any_system() {
        assert_eq!(
            [content(b"a\n"), content(b"a\r\n"), content(b"a"), content(b"a\r\r\n")],
            [&b"a"[..], b"a", b"a", b"a\r"]
        );
        assert_eq!([content(b"\xef\xbb\xbfa\n"), content(b"\xef\xbb\xbf\r\n")], [&b"a"[..], b""]);
    }

    #[test]
    fn zeros_are_padding_only_at_the_end_of_a_source() {
        let first = |text: &[u8]| {
            let (mut rest, mut line) = (text, Vec::new());
            let extent = read(&mut rest, &mut line).unwrap();
            (extent, line, rest.to_vec())
        };
        let zeros = vec![0; 2 * MAX_LINE_BYTES];
        let whole = |line: &[u8]| (Some(Extent::Whole), line.to_vec(), Vec::new());
        assert_eq!(first(b"a\0"), whole(b"a"));
        assert_eq!(first(&zeros), whole(b""));
        assert_eq!(first(&[&b"a\0b"[..], &zeros].concat()), whole(b"a\0b"));
        let (extent, line, rest) = first(&[&b"a"[..], &zeros, b"b\n"].concat());
        assert_eq!((extent, line.len(), rest), (Some(Extent::Start), MAX_LINE_BYTES, b"b\n".to_vec()));
        assert_eq!(first(b"a\0\n\0"), (Some(Extent::Whole), b"a\0\n".to_vec(), b"\0".to_vec()));
    }
}
