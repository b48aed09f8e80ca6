//! Waits between the attempts of a request that is repeated.

use std::time::Duration;

/// Waits that double, up to a longest one.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Waits from `first` to `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first.min(longest), longest }
    }

    /// Wait before the next attempt.
    pub fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.longest);
        wait
    }

    /// Longest wait after this many failures in a row, at least one.
    #[must_use]
    pub fn after(first: Duration, longest: Duration, failures: u32) -> Duration {
        first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(300), ms(1_000));
        assert_eq!(
            [backoff.wait(), backoff.wait(), backoff.wait(), backoff.wait()],
            [ms(300), ms(600), ms(1_000), ms(1_000)]
        );
        assert_eq!(
            [1, 2, 3, 99].map(|failures| Backoff::after(ms(300), ms(1_000), failures)),
            [ms(300), ms(600), ms(1_000), ms(1_000)]
        );
    }
}
