//! Lines of an export.

use std::io::{self, BufWriter, StdoutLock, Write};

use shared::names::IndexName;
use shared::search::Version;

use crate::cli::load::{VERSION_LINE, VersionRule};
use crate::cli::progress::Progress;

/// Bytes that are written at once.
const BUFFER: usize = 256 * 1024;

/// Documents on standard output, one a line.
pub(super) struct Lines {
    out: BufWriter<StdoutLock<'static>>,
    progress: Option<Progress>,
}

impl Lines {
    /// Lines on standard output.
    pub(super) fn to_stdout() -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, io::stdout().lock()), progress: None }
    }

    /// Writes the last lines.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Clears the progress.
    pub(super) fn finish(&self) {
        if let Some(progress) = &self.progress {
            progress.finish();
        }
    }

    /// So many documents will come.
    pub(super) fn begin(&mut self, index: IndexName, total: u64) {
        self.progress = Some(Progress::start(index.as_str(), Some(total).filter(|total| *total > 0)));
    }

    /// Writes a document as a line, after one with its version where a load would find another or none. A line break in
    /// it stands between tokens, where a space is the same.
    pub(super) fn write(&mut self, version: Version, document: &[u8]) -> io::Result<()> {
        const USUAL: VersionRule = VersionRule { field: None, fallback: None };
        if USUAL.of(document).ok() != Some(version) {
            writeln!(self.out, "{VERSION_LINE}{version}")?;
        }
        let mut parts = document.split(|byte| matches!(byte, b'\n' | b'\r'));
        self.out.write_all(parts.next().unwrap_or_default())?;
        for part in parts {
            self.out.write_all(b" ")?;
            self.out.write_all(part)?;
        }
        self.out.write_all(b"\n")?;
        if let Some(progress) = &self.progress {
            progress.advance(1);
            progress.documents(1);
            progress.tick_if_due();
        }
        Ok(())
    }
}
