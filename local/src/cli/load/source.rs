//! Where lines come from: files or standard input, compressed or not.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::cli::progress::Progress;

/// How much is read at once, in bytes.
const BUFFER: usize = 256 * 1024;
/// The largest window of a zstd file that is unpacked, as a power of two: 32 MiB. A larger one would take more memory
/// than a load may; only `--ultra` and `--long` make it.
const WINDOW_LOG: u32 = 25;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The path that stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// How a source is called in messages.
pub(super) fn name(path: &Path) -> String {
    if path.as_os_str() == STANDARD_INPUT { "standard input".to_owned() } else { path.display().to_string() }
}

/// How many bytes all sources have together; `None` if that isn't known of one of them.
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

/// Opens a source. Its first bytes say whether it is compressed, whatever its name is.
///
/// # Errors
/// What the operating system says.
pub(super) fn open(path: &Path, progress: &Progress) -> io::Result<Box<dyn BufRead>> {
    let raw: Box<dyn Read> =
        if path.as_os_str() == STANDARD_INPUT { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut raw = Counted { raw, progress: progress.clone() };
    let mut head = Vec::new();
    raw.by_ref().take(4).read_to_end(&mut head)?;
    let (gzip, zstd) = (head.starts_with(GZIP), head.starts_with(ZSTD));
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(raw));
    // Both decoders go on with the next part of a file that was put together from several.
    Ok(if gzip {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole)))
    } else if zstd {
        let mut decoder = zstd::Decoder::with_buffer(whole)?;
        decoder.window_log_max(WINDOW_LOG)?;
        Box::new(BufReader::with_capacity(BUFFER, decoder))
    } else {
        Box::new(whole)
    })
}

/// Counts what is read of a file as it is.
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
