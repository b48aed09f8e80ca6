//! Progress of a long command: a bar on a terminal, plain lines elsewhere.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::note;

/// Interval between two calls of [`Progress::tick`].
pub(super) const TICK: Duration = Duration::from_millis(200);
/// Interval between two plain lines.
const LINE: Duration = Duration::from_secs(5);
/// Over how long a time the rate is taken.
const WINDOW: Duration = Duration::from_secs(10);

/// Progress of a command.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    label: String,
    bar: Option<ProgressBar>,
    started: Instant,
    /// Amount of the work, in the unit of `position`; 0 if it isn't known.
    total: AtomicU64,
    position: AtomicU64,
    documents: AtomicU64,
    shown: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    samples: VecDeque<(Instant, u64)>,
    line: Instant,
    waits_for: Option<String>,
}

impl Progress {
    /// Begins now. `total` is how much there is to do, in any unit, if that is known.
    pub(super) fn start(label: &str, total: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total.unwrap_or_default());
            let form = if total.is_some() { "{bar:30} {msg}" } else { "{spinner} {msg}" };
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar
        });
        let started = Instant::now();
        let shown = Shown { samples: VecDeque::new(), line: started, waits_for: None };
        Self(Arc::new(Inner {
            label: label.to_owned(),
            bar,
            started,
            total: total.unwrap_or_default().into(),
            position: AtomicU64::new(0),
            documents: AtomicU64::new(0),
            shown: Mutex::new(shown),
        }))
    }

    /// So much more of the work is done.
    pub(super) fn advance(&self, by: u64) {
        self.0.position.fetch_add(by, Ordering::Relaxed);
    }

    /// So many more documents are done.
    pub(super) fn documents(&self, by: u64) {
        self.0.documents.fetch_add(by, Ordering::Relaxed);
    }

    /// It waits because of this; with `None` it goes on.
    pub(super) fn waits_for(&self, what: Option<String>) {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner).waits_for = what;
    }

    /// [`Progress::tick`], unless the last one was just before: for callers with one call for each document.
    pub(super) fn tick_if_due(&self) {
        let due = {
            let shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.samples.back().is_none_or(|(at, _)| at.elapsed() >= TICK)
        };
        if due {
            self.tick();
        }
    }

    /// Shows how far it is.
    pub(super) fn tick(&self) {
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        shown.samples.push_back((now, self.0.documents.load(Ordering::Relaxed)));
        while shown.samples.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            shown.samples.pop_front();
        }
        if let Some(bar) = &self.0.bar {
            bar.set_position(self.0.position.load(Ordering::Relaxed));
            bar.set_message(self.text(&shown));
            bar.tick();
        } else if now.duration_since(shown.line) >= LINE {
            shown.line = now;
            note(&self.text(&shown));
        }
    }

    fn text(&self, shown: &Shown) -> String {
        let documents = self.0.documents.load(Ordering::Relaxed);
        let mut text = format!("{}: {documents} documents, {}/s", self.0.label, rate(&shown.samples));
        let (position, total) = (self.0.position.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed));
        if total > 0 {
            let position = position.min(total);
            let percent = u128::from(position) * 100 / u128::from(total);
            let _ = write!(text, ", {percent}%");
            if position > 0 {
                let elapsed = self.0.started.elapsed().as_millis();
                let left = elapsed * u128::from(total - position) / u128::from(position) / 1000;
                let _ = write!(text, ", {} left", duration(left));
            }
        }
        if let Some(what) = &shown.waits_for {
            let _ = write!(text, ", waits: {what}");
        }
        text
    }

    /// Says something on standard error beside the bar.
    pub(super) fn beside(&self, say: impl FnOnce()) {
        match &self.0.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0.bar {
            bar.finish_and_clear();
        }
    }
}

/// Documents a second between the first of these samples and the last.
fn rate(samples: &VecDeque<(Instant, u64)>) -> u128 {
    let (Some((start, before)), Some((end, after))) = (samples.front(), samples.back()) else { return 0 };
    let milliseconds = end.duration_since(*start).as_millis();
    u128::from(after - before) * 1000 / milliseconds.max(1)
}

fn duration(seconds: u128) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_many_how_fast_how_far_and_how_long_still() {
        let progress = Progress::start("roles", Some(200));
        progress.advance(50);
        progress.documents(7);
        let now = Instant::now();
        let samples = VecDeque::from([(now, 1), (now + Duration::from_secs(2), 7)]);
        let shown = Shown { samples, line: now, waits_for: Some("it is full".to_owned()) };
        assert_eq!(progress.text(&shown), "roles: 7 documents, 3/s, 25%, 0:00 left, waits: it is full");
    }

    #[test]
    fn without_a_size_there_is_no_time_left() {
        let progress = Progress::start("roles", None);
        progress.advance(50);
        let shown = Shown { samples: VecDeque::new(), line: Instant::now(), waits_for: None };
        assert_eq!(progress.text(&shown), "roles: 0 documents, 0/s");
    }

    #[test]
    fn durations_are_minutes_and_seconds_and_hours_where_there_are_some() {
        assert_eq!((duration(59), duration(61), duration(3_725)), ("0:59".into(), "1:01".into(), "1:02:05".into()));
    }
}
