//! Backoff before a store that failed is asked again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use shared::backoff::Backoff;
use shared::search::DocumentStoreError;

/// Longest time without any success before a command gives up.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_secs(60);
/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait that we choose ourselves.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Wait after this many failures in a row: the store's own demand, else twice as long each time. It is up to a half
/// shorter at random, so that clients refused together don't return together.
pub(super) fn wait(failures: u32, error: &DocumentStoreError) -> Duration {
    if let DocumentStoreError::Throttled { retry_after_seconds: Some(seconds), .. } = error {
        return Duration::from_secs(*seconds).min(GIVE_UP_AFTER);
    }
    let longest = Backoff::after(FIRST_WAIT, LONGEST_WAIT, failures);
    let random = RandomState::new().hash_one(failures) % 1000;
    longest.mul_f64(1.0 - f64::from(u32::try_from(random).unwrap_or_default()) / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_fifth_of_a_second_to_ten() {
        let error = DocumentStoreError::Failed(String::new());
        for (failures, longest) in [(1, 200), (2, 400), (3, 800), (7, 10_000), (99, 10_000)] {
            let longest = Duration::from_millis(longest);
            let wait = wait(failures, &error);
            assert!(wait <= longest && wait >= longest / 2, "{failures}: {wait:?}");
        }
    }

    #[test]
    fn a_store_that_says_when_to_come_again_is_believed_within_reason() {
        let error =
            |seconds| DocumentStoreError::Throttled { reason: String::new(), retry_after_seconds: Some(seconds) };
        assert_eq!(wait(1, &error(3)), Duration::from_secs(3));
        assert_eq!(wait(1, &error(u64::MAX)), GIVE_UP_AFTER);
    }
}
