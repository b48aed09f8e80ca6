//! RunProgress of a long run, on standard error.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Interval between two lines where no bar can be drawn.
const INTERVAL: Duration = Duration::from_secs(20);

/// A bar on a terminal; elsewhere a line now and then.
#[derive(Debug)]
pub struct RunProgress {
    bar: ProgressBar,
    lines: bool,
    said: Instant,
}

impl RunProgress {
    /// Of so many steps.
    pub fn of(steps: usize) -> Self {
        let lines = !io::stderr().is_terminal();
        let steps = steps as u64;
        // A hidden bar reckons the time that is left as well.
        let bar = if lines { ProgressBar::hidden() } else { ProgressBar::new(steps) };
        bar.set_length(steps);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}, {eta} left  {msg}") {
            bar.set_style(style);
        }
        Self { bar, lines, said: Instant::now() }
    }

    /// The next step begins.
    pub fn step(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.lines && self.said.elapsed() >= INTERVAL {
            self.said = Instant::now();
            let (done, all, left) = (self.bar.position(), self.bar.length().unwrap_or_default(), self.bar.eta());
            eprintln!("{done} of {all}, {} s left: {what}", left.as_secs());
        }
        self.bar.set_message(what);
    }

    /// The step is done.
    pub fn done(&self) {
        self.bar.inc(1);
    }
}

impl Drop for RunProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
