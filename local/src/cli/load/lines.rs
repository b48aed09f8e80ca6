//! The lines of a source, in memory that stays bounded however long one is.

use std::io::{self, BufRead, Read, Write};

use shared::http::GATEWAY_RESPONSE_LIMIT;

/// The longest line that is read into memory, in bytes: a longer document could not be answered with.
pub(super) const MAX_LINE_BYTES: usize = GATEWAY_RESPONSE_LIMIT;
/// How much of a longer line is held at once, in bytes.
const PART_BYTES: usize = 64 * 1024;

/// What was read of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Its start. The rest is still in the source, for [`copy_rest`].
    Start,
}

/// Reads a line with the bytes that end it, in place of what is in `line`; `None` at the end of the source.
pub(super) fn read(source: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<Extent>> {
    line.clear();
    part(source, line, MAX_LINE_BYTES)?;
    if line.is_empty() {
        return Ok(None);
    }
    let whole = line.len() < MAX_LINE_BYTES || line.ends_with(b"\n");
    Ok(Some(if whole { Extent::Whole } else { Extent::Start }))
}

/// Copies the rest of a line, with a line feed at its end.
pub(super) fn copy_rest(source: &mut dyn BufRead, to: &mut dyn Write) -> io::Result<()> {
    let mut rest = Vec::new();
    loop {
        rest.clear();
        part(source, &mut rest, PART_BYTES)?;
        to.write_all(&rest)?;
        if rest.ends_with(b"\n") {
            return Ok(());
        }
        if rest.is_empty() {
            return to.write_all(b"\n");
        }
    }
}

/// Passes over a line; `false` at the end of the source.
pub(super) fn skip(source: &mut dyn BufRead) -> io::Result<bool> {
    let mut rest = Vec::new();
    part(source, &mut rest, PART_BYTES)?;
    if rest.len() == PART_BYTES && !rest.ends_with(b"\n") {
        copy_rest(source, &mut io::sink())?;
    }
    Ok(!rest.is_empty())
}

fn part(source: &mut dyn BufRead, line: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    source.take(most as u64).read_until(b'\n', line)
}

/// A line without the bytes that end it.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    content.strip_suffix(b"\r").unwrap_or(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut text: &[u8]) -> Vec<(Extent, usize)> {
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while let Some(extent) = read(&mut text, &mut line).unwrap() {
            if extent == Extent::Start {
                copy_rest(&mut text, &mut line).unwrap();
            }
            lines.push((extent, line.len()));
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
    }
}
