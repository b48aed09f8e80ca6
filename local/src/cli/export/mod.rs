//! `coffer export`: the documents of an index, one a line, in the order of their ids' bytes.

mod opensearch;

use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use shared::names::IndexName;
use shared::search::Version;

use crate::data_dir::DataDir;

use super::load::{VERSION_LINE, VersionRule};
use super::progress::Progress;
use super::{CommandError, Local, index};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The index: accessprofiles, accountactivities, entitlements, events, identities or roles
    #[arg(value_name = "INDEX", value_parser = index)]
    index: IndexName,
    /// Export from OpenSearch, as the settings COFFER_OPENSEARCH_… say, instead of the data folder
    #[arg(long)]
    opensearch: bool,
}

pub(super) fn run(args: &ExportArgs, data: &Path) -> Result<ExitCode, CommandError> {
    let mut out = Lines { out: BufWriter::with_capacity(BUFFER, io::stdout().lock()), progress: None };
    let exported = if args.opensearch {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(opensearch::export(args.index, &mut out))
    } else {
        embedded(args.index, data, &mut out)
    };
    let exported = exported.and_then(|()| Ok(out.out.flush()?));
    if let Some(progress) = &out.progress {
        progress.finish();
    }
    match exported {
        Err(error) if error.downcast_ref().is_some_and(closed) => Ok(ExitCode::from(CLOSED)),
        Err(error) => match error.downcast::<io::Error>() {
            Ok(error) => Err(format!("standard output: {error}").into()),
            Err(error) => Err(error),
        },
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn embedded(index: IndexName, data: &Path, out: &mut Lines) -> Result<(), CommandError> {
    let store = Local::open_documents(&DataDir::open(data)?)?;
    let mut told = false;
    store.each(index, |total, version, document| {
        if !std::mem::replace(&mut told, true) {
            out.begin(index, total);
        }
        Ok(out.write(version, document)?)
    })
}

fn closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Exit status after the reader of the output has gone: that of a program that SIGPIPE ended. Nothing is printed, for
/// the reader wanted no more, but the export is not whole.
const CLOSED: u8 = 141;

/// How much is written at once, in bytes.
const BUFFER: usize = 256 * 1024;

/// Where documents are written to.
struct Lines {
    out: BufWriter<StdoutLock<'static>>,
    progress: Option<Progress>,
}

impl Lines {
    /// So many documents will come.
    fn begin(&mut self, index: IndexName, total: u64) {
        self.progress = Some(Progress::start(index.as_str(), Some(total).filter(|total| *total > 0)));
    }

    /// Writes a document as a line, after one with its version where a load would find another or none. A line break in
    /// it stands between tokens, where a space is the same.
    fn write(&mut self, version: Version, document: &[u8]) -> io::Result<()> {
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
