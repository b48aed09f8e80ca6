//! `coffer load`: documents into a store, one JSON object a line.
//!
//! Lines are read, judged and put into batches in a thread of their own ([`batches`]); from there they go into the
//! store, several batches at once ([`pipeline`]). Work under way is bounded in bytes, so that memory is.

mod args;
mod batches;
mod lines;
mod pipeline;
mod position;
mod refused;
mod resume;
mod source;
mod version;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use shared::search::{OpenSearchWriter, ReadVersions, WriteDocuments};

pub(super) use args::LoadArgs;
use batches::{Broken, Reading};
use pipeline::{End, Ended, Pipeline};
use position::Position;
use refused::{Refusals, Target};
pub(super) use version::{VERSION_LINE, VersionRule};

use crate::data_dir::DataDir;

use super::alias;
use super::args::DEFAULT_DATA;
use super::backoff::GIVE_UP_AFTER;
use super::cluster::{self, OpenCluster};
use super::error::CommandError;
use super::output::{complain, say};
use super::progress::Progress;
use super::shutdown::shutdown_signal;
use crate::local_stores::LocalStores;

/// The exit status of a load that was told to stop: that of a program that Ctrl-C ended.
const STOPPED: u8 = 130;

pub(super) fn run(args: &LoadArgs, data: &Path) -> Result<ExitCode, CommandError> {
    // One thread for the store, beside the one that reads.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = shutdown_signal()?;
        if args.opensearch {
            let OpenCluster { cluster, alias_prefix, timeout } = cluster::open().await?;
            alias::check(&cluster, &alias_prefix, args.index, timeout).await?;
            let store = OpenSearchWriter::new(cluster, alias_prefix, timeout);
            load(args, data, &store, stop).await
        } else {
            let store = LocalStores::open_documents(&DataDir::open(data)?)?;
            load(args, data, &store, stop).await
        }
    })
}

async fn load(
    args: &LoadArgs,
    data: &Path,
    store: &(impl WriteDocuments + ReadVersions),
    stop: impl Future<Output = ()>,
) -> Result<ExitCode, CommandError> {
    let total = source::total(&args.files)?;
    let progress = Progress::start(args.index.as_str(), total.filter(|total| *total > 0));
    let target = match &args.refused {
        Some(path) => Target::Given(path.clone()),
        None => Target::FirstFree(format!("{}-refused.jsonl", args.index).into()),
    };
    let refusals = Mutex::new(Refusals::new(target, progress.clone())?);
    let batches = batches::start(Reading {
        files: Arc::new(args.files.clone()),
        from_line: args.from_line,
        versions: VersionRule { field: args.version_field.clone(), fallback: args.version },
        progress: progress.clone(),
    })?;
    let pipeline = Pipeline {
        store,
        index: args.index,
        names: args.files.iter().map(|path| source::name(path)).collect(),
        refusals: &refusals,
        progress: progress.clone(),
        mix_versions: args.mix_versions,
        give_up_after: GIVE_UP_AFTER,
    };
    let ended = pipeline.run(batches, Position { file: 0, line: args.from_line }, stop).await;
    progress.finish();
    let mut refusals = refusals.lock().unwrap_or_else(PoisonError::into_inner);
    conclude(args, data, ended, &mut refusals)
}

/// Reports the results of the lines.
fn conclude(args: &LoadArgs, data: &Path, ended: Ended, refusals: &mut Refusals) -> Result<ExitCode, CommandError> {
    let Ended { how, tally, next, broken } = ended;
    let refused = refusals.count();
    let summary = format!(
        "{}: {} loaded, {} unchanged, {} older, {refused} refused",
        args.index, tally.loaded, tally.unchanged, tally.older
    );
    let said = say(&summary);
    if let Err(error) = &said {
        complain(&format!("{summary}\n{error}"));
    }
    if let Some(path) = refusals.finish()? {
        complain(&format!("the refused lines and the reasons are in {}", path.display()));
    }
    let data = (data != Path::new(DEFAULT_DATA)).then_some(data);
    let mut continued = 0;
    let mut go_on = |when: &str, files: &[PathBuf], line: u64| {
        let refused = refusals.next(continued);
        continued += 1;
        match resume::command(args, data, refused.as_deref(), files, line) {
            Some(command) => complain(&format!("{when}go on with: {command}")),
            None => complain(&format!("{when}go on with the same input from line {line} of {}", first_name(files))),
        }
    };
    for Broken { reason, resume } in &broken {
        complain(reason);
        if let Some(from) = resume {
            let file = args.files.get(from.file..=from.file).unwrap_or_default();
            go_on("when the file is whole, ", file, from.line);
        }
    }
    if how == End::Whole {
        return Ok(if refused == 0 && broken.is_empty() && said.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    if let End::Unsuited(reason) = &how {
        complain(reason);
        return Ok(ExitCode::FAILURE);
    }
    if let End::Failed(reason) = &how {
        complain(reason);
    }
    let files = args.files.get(next.file..).unwrap_or_default();
    go_on("stopped; ", files, next.line);
    Ok(if how == End::Stopped { ExitCode::from(STOPPED) } else { ExitCode::FAILURE })
}

fn first_name(files: &[PathBuf]) -> String {
    files.first().map(|path| source::name(path)).unwrap_or_default()
}
