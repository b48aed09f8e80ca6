//! Sources of lines: files or standard input, compressed or not.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use crate::cli::progress::Progress;

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// The largest window of a zstd file that is unpacked, as a power of two: 32 MiB. A larger one would take more memory
/// than a load may; only `--ultra` and `--long` make it.
const WINDOW_LOG: u32 = 25;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The end of the magic number of a skippable frame (RFC 8878, section 3.1.2); its first byte is from 0x50 to 0x5f.
const SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
/// The bytes that tell a format: a tar archive has its name at 257, of eight bytes.
const HEAD: u64 = 265;

/// Formats that are not read: the bytes that identify one, their place, and a sentence that names the remedy.
const OTHERS: [(usize, &[u8], &str); 20] = [
    (0, b"\x1f\x9d", "it is compressed by compress; unpack it: gzip -dc FILE | coffer load INDEX -"),
    (0, b"LZIP", "it is compressed by lzip; unpack it: lzip -dc FILE | coffer load INDEX -"),
    (0, b"Rar!\x1a\x07", "it is a RAR archive; unpack it: unrar p -inul FILE | coffer load INDEX -"),
    (0, b"ORC", "it is an ORC file; write it as one JSON document a line first"),
    (
        0,
        b"\x1e",
        "it is a sequence of JSON texts; write one document a line: tr -d '\\036' < FILE | jq -c . | coffer load INDEX -",
    ),
    (0, b"BZh", "it is compressed by bzip2; unpack it: bzip2 -dc FILE | coffer load INDEX -"),
    (0, b"\xfd7zXZ\0", "it is compressed by xz; unpack it: xz -dc FILE | coffer load INDEX -"),
    (0, b"\x5d\0\0", "it is compressed by lzma; unpack it: xz -dc FILE | coffer load INDEX -"),
    (0, b"\x04\x22\x4d\x18", "it is compressed by lz4; unpack it: lz4 -dc FILE | coffer load INDEX -"),
    (0, b"\x02\x21\x4c\x18", "it is compressed by lz4; unpack it: lz4 -dc FILE | coffer load INDEX -"),
    (0, b"ARROW1", "it is an Arrow file; write it as one JSON document a line first"),
    (0, b"\xff\x06\0\0sNaPpY", "it is compressed by snappy; unpack it first, or use gzip or zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it: 7z x -so FILE | coffer load INDEX -"),
    (0, b"PK\x03\x04", "it is a zip archive; unpack it: unzip -p FILE | coffer load INDEX -"),
    (0, b"PK\x05\x06", "it is an empty zip archive; name the files with the documents"),
    (257, b"ustar\0", TAR),
    (257, b"ustar  \0", TAR),
    (0, b"PAR1", "it is a Parquet file; write it as one JSON document a line first"),
    (0, b"Obj\x01", "it is an Avro file; write it as one JSON document a line first"),
    (0, b"SQLite format 3\0", "it is a database of SQLite; name a file of one JSON document a line"),
];
const TAR: &str = "it is a tar archive; unpack it: tar -xOf FILE | coffer load INDEX -";
/// The same for doubly compressed data.
const TWICE: &str =
    "it is compressed twice; unpack it once: gzip -dc FILE | coffer load INDEX -, or zstd -dc for a file of zstd";
/// The same for UTF-16 and UTF-32, with a byte order mark and without, where every other byte of ASCII is zero.
const WIDE: &str = "it is in UTF-16 or UTF-32; convert it: iconv -f UTF-16 -t UTF-8 FILE | coffer load INDEX -";

/// The path that stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// Name of a source in messages.
pub(super) fn name(path: &Path) -> String {
    if path.as_os_str() == STANDARD_INPUT { "standard input".to_owned() } else { path.display().to_string() }
}

/// Number of bytes of all sources together; `None` if that isn't known of one of them.
///
/// # Errors
/// Which one isn't there.
pub(super) fn total(paths: &[PathBuf]) -> Result<Option<u64>, String> {
    let mut total = Some(0);
    for path in paths {
        let known = if path.as_os_str() == STANDARD_INPUT {
            None
        } else {
            let metadata = fs::metadata(path).map_err(|error| format!("{}: {error}", name(path)))?;
            metadata.is_file().then_some(metadata.len())
        };
        total = total.zip(known).map(|(total, known): (u64, u64)| total.saturating_add(known));
    }
    Ok(total)
}

/// Opens a source. Its first bytes, not its name, tell the compression.
///
/// # Errors
/// The operating system's. [`io::ErrorKind::Unsupported`] for a format that is not read, with a sentence that names the
/// remedy.
pub(super) fn open(path: &Path, progress: &Progress) -> io::Result<Box<dyn BufRead>> {
    let raw: Box<dyn Read> =
        if path.as_os_str() == STANDARD_INPUT { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut raw = Lasting::new(Box::new(Counted { raw, progress: progress.clone() }));
    let mut head = Vec::new();
    raw.by_ref().take(HEAD).read_to_end(&mut head)?;
    let compression = Compression::of(&head);
    if compression.is_none() {
        known(&head)?;
    }
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(raw));
    let Some(compression) = compression else { return Ok(Box::new(whole)) };
    let part = compression.part(Box::new(whole))?;
    let mut unpacked = Lasting::new(Box::new(Unpacked { compression, part: Some(part) }));
    // An archive may be compressed, and so may text in UTF-16. An error comes again, after the bytes before it.
    let mut head = Vec::new();
    let _ = unpacked.by_ref().take(HEAD).read_to_end(&mut head);
    if Compression::of(&head).is_some() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, TWICE));
    }
    known(&head)?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, Cursor::new(head).chain(unpacked))))
}

/// Refuses bytes of a format that is not read.
fn known(head: &[u8]) -> io::Result<()> {
    let other = OTHERS.iter().find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    let marked =
        head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) || head.starts_with(b"\0\0\xfe\xff");
    // Text in UTF-8 has no zero, and a document begins with an ASCII character.
    let wide = marked
        || matches!(head, [0, b'{' | b'[' | b'#' | b'\r' | b'\n' | b' ' | b'\t', ..])
        || matches!(head, [0, 0, 0, b'{' | b'[' | b'#' | b'\r' | b'\n' | b' ' | b'\t', ..])
        || matches!(head, [b'{' | b'[' | b'#' | b'\r' | b'\n' | b' ' | b'\t', 0, ..]);
    match (other, wide) {
        (Some((_, _, advice)), _) => Err(io::Error::new(io::ErrorKind::Unsupported, *advice)),
        (None, true) => Err(io::Error::new(io::ErrorKind::Unsupported, WIDE)),
        (None, false) => Ok(()),
    }
}

/// Compressions that are read.
#[derive(Debug, Clone, Copy)]
enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// The compression of these first bytes.
    fn of(head: &[u8]) -> Option<Self> {
        let skippable = head.first().is_some_and(|first| first & 0xf0 == 0x50) && head.get(1..4) == Some(SKIPPABLE);
        if head.starts_with(GZIP) {
            return Some(Self::Gzip);
        }
        (skippable || head.starts_with(ZSTD)).then_some(Self::Zstd)
    }

    fn part(self, source: Box<dyn BufRead>) -> io::Result<Part> {
        match self {
            Self::Gzip => Ok(Part::Gzip(GzDecoder::new(source))),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(source)?.single_frame();
                decoder.window_log_max(WINDOW_LOG)?;
                Ok(Part::Zstd(decoder))
            }
        }
    }
}

/// A member of a gzip file or a frame of a zstd file.
enum Part {
    Gzip(GzDecoder<Box<dyn BufRead>>),
    Zstd(zstd::Decoder<'static, Box<dyn BufRead>>),
}

/// Parts of a compressed file one after the other. Zeros may follow each: a tape or a block device pads with them.
struct Unpacked {
    compression: Compression,
    /// `None` after the last one, and after an error.
    part: Option<Part>,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.part {
                None => return Ok(0),
                Some(Part::Gzip(member)) => member.read(buffer)?,
                Some(Part::Zstd(frame)) => frame.read(buffer)?,
            };
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut rest = match self.part.take() {
                None => return Ok(0),
                Some(Part::Gzip(member)) => member.into_inner(),
                Some(Part::Zstd(frame)) => frame.finish(),
            };
            if !skip_zeros(&mut rest)? {
                return Ok(0);
            }
            self.part = Some(self.compression.part(rest)?);
        }
    }
}

/// Repeats an error on every later read. Decoders report one once and then the end of the file, so that a caller that
/// drops it would take a damaged file for a whole one.
struct Lasting {
    source: Box<dyn Read>,
    error: Option<io::Error>,
}

impl Lasting {
    fn new(source: Box<dyn Read>) -> Self {
        Self { source, error: None }
    }
}

impl Read for Lasting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.error {
            return Err(copy(error));
        }
        let read = self.source.read(buffer);
        if let Err(error) = &read
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.error = Some(copy(error));
        }
        read
    }
}

/// The same number of the operating system, or kind and text.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}

/// Passes over zeros; `false` at the end of the source.
pub(super) fn skip_zeros(source: &mut dyn BufRead) -> io::Result<bool> {
    loop {
        let buffer = source.fill_buf()?;
        let (zeros, held) = (buffer.iter().take_while(|byte| **byte == 0).count(), buffer.len());
        source.consume(zeros);
        if zeros < held || held == 0 {
            return Ok(held > 0);
        }
    }
}

/// Counts the bytes that are read of a file as it is.
struct Counted {
    raw: Box<dyn Read>,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}
