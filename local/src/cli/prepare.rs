//! `coffer prepare`: the indices in OpenSearch, made or brought up to date.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use prepare_search::{Deadline, Prepared, Preparer, ProgressListener};
use shared::names::IndexName;
use shared::settings::{from_env, log_level};
use shared::telemetry;
use tokio::signal::unix::{SignalKind, signal};

use super::error::CommandError;
use super::output::{complain, say};
use super::{cluster, duration};

/// Time limit for the cluster's answer.
const CLUSTER_TIMEOUT: Duration = Duration::from_secs(60);
/// Time between two lines about the same copy where nobody looks at a terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

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
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = deadline.stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        complain("stopping; what was begun is taken back");
        stop.store(true, Ordering::Relaxed);
    });
    let open = cluster::open().await?;
    let progress = CopyProgress::new();
    let preparation =
        Preparer { cluster: &open.cluster, alias_prefix: &open.alias_prefix, deadline: &deadline, listener: &progress };
    let prepared = preparation.run(CLUSTER_TIMEOUT).await;
    progress.bar.finish_and_clear();
    prepared?;
    // A line that can't be written ends no work; the exit status tells of it.
    let mut said = std::mem::replace(&mut *progress.said.lock().unwrap_or_else(PoisonError::into_inner), Ok(()));
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

/// A bar on a terminal, lines elsewhere.
struct CopyProgress {
    bar: ProgressBar,
    last_line: Mutex<Instant>,
    /// The first failure to print a result.
    said: Mutex<Result<(), CommandError>>,
}

impl CopyProgress {
    fn new() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {bar:30} {human_pos} of {human_len} documents, {eta} left")
        {
            bar.set_style(style);
        }
        Self { bar, last_line: Mutex::new(Instant::now()), said: Mutex::new(Ok(())) }
    }
}

impl ProgressListener for CopyProgress {
    fn copying(&self, index: IndexName, done: u64, total: u64) {
        self.bar.set_message(index.as_str());
        self.bar.set_length(total);
        self.bar.set_position(done);
        if !self.bar.is_hidden() {
            return;
        }
        if let Ok(mut last) = self.last_line.lock()
            && last.elapsed() >= BETWEEN_LINES
        {
            *last = Instant::now();
            complain(&format!("{index}: {done} of {total} documents copied"));
        }
    }

    fn prepared(&self, prepared: &Prepared) {
        let written = self.bar.suspend(|| say(&prepared.to_string()));
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_ok() {
            *said = written;
        }
    }
}
