//! `coffer export`: the documents of an index, one a line, in the order of their ids' bytes.

mod lines;
mod opensearch;

use lines::Lines;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use shared::names::IndexName;

use crate::data_dir::DataDir;

use super::args::index;
use super::error::CommandError;
use crate::local_stores::LocalStores;

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
    let mut out = Lines::to_stdout();
    let exported = if args.opensearch {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(opensearch::export(args.index, &mut out))
    } else {
        embedded(args.index, data, &mut out)
    };
    let exported = exported.and_then(|()| Ok(out.flush()?));
    out.finish();
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
    let store = LocalStores::open_documents(&DataDir::open(data)?)?;
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
