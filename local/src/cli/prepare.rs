//! `coffer prepare`: the indices in OpenSearch, made or brought up to date.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use prepare_search::{Deadline, Prepared, Preparer, ProgressListener};
use shared::names::IndexName;
use shared::settings::{from_env, log_level};
use shared::telemetry;

use super::error::CommandError;
use super::output::{complain, say};
use super::progress::Progress;
use super::shutdown::shutdown_signal;
use super::{cluster, duration};

/// Time limit for the cluster's answer.
const CLUSTER_TIMEOUT: Duration = Duration::from_secs(60);
#[derive(Debug, Args)]
pub(super) struct PrepareArgs {
    /// Also delete the indices that earlier runs have left behind no alias
    #[arg(long)]
    remove_old: bool,
    /// Also forget which documents were deleted longer ago than this; no change that is older may come after that
    #[arg(long, value_name = "AGE", value_parser = duration::parse)]
    forget_deletes: Option<Duration>,
}

pub(super) fn run(args: &PrepareArgs) -> Result<ExitCode, CommandError> {
    telemetry::start(
        log_level(&from_env)?.min(tracing::Level::WARN),
        tracing_subscriber::fmt::writer::BoxMakeWriter::new(io::stderr),
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(prepare(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn prepare(args: &PrepareArgs) -> Result<(), CommandError> {
    let deadline = Deadline::default();
    let (signal, stop) = (shutdown_signal()?, deadline.stop.clone());
    tokio::spawn(async move {
        signal.await;
        complain("stopping; the run rolls back");
        stop.store(true, Ordering::Relaxed);
    });
    let open = cluster::open().await?;
    let listener = Listener::default();
    let preparation =
        Preparer { cluster: &open.cluster, alias_prefix: &open.alias_prefix, deadline: &deadline, listener: &listener };
    let prepared = preparation.run(CLUSTER_TIMEOUT).await;
    listener.finish();
    prepared?;
    // A line that can't be written ends no work; the exit status tells of it.
    let mut said = listener.failure.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err);
    if args.remove_old {
        for name in preparation.remove_old().await? {
            said = said.and(say(&format!("{name}: removed")));
        }
    }
    if let Some(age) = args.forget_deletes {
        for (index, count) in preparation.forget_deletes(age).await? {
            said = said.and(say(&format!("{index}: {count} deletes forgotten")));
        }
    }
    said
}

/// Progress of the copy of one index after the other, and the results of the indices.
#[derive(Default)]
struct Listener {
    copy: Mutex<Option<Copy>>,
    /// First failure to print a result.
    failure: Mutex<Option<CommandError>>,
}

/// Copy under way.
struct Copy {
    index: IndexName,
    done: u64,
    progress: Progress,
}

impl Listener {
    fn finish(&self) {
        if let Some(copy) = self.copy.lock().unwrap_or_else(PoisonError::into_inner).take() {
            copy.progress.finish();
        }
    }
}

impl ProgressListener for Listener {
    fn copying(&self, index: IndexName, done: u64, total: u64) {
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        // A second copy of an index, of its interim writes, begins at 0 again.
        if let Some(former) = copy.take_if(|copy| copy.index != index || copy.done > done) {
            former.progress.finish();
        }
        let copy = copy.get_or_insert_with(|| Copy {
            index,
            done: 0,
            progress: Progress::start(index.as_str(), Some(total).filter(|total| *total > 0)),
        });
        copy.progress.advance(done - copy.done);
        copy.progress.documents(done - copy.done);
        copy.done = done;
        copy.progress.tick_if_due();
    }

    fn prepared(&self, prepared: &Prepared) {
        self.finish();
        if let Err(error) = say(&prepared.to_string()) {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}
