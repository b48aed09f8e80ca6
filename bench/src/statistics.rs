//! Statistics of samples: medians, high percentiles, and how sure a ratio of medians is.

use devstack::random::Random;

/// Number of redraws of the samples for an interval.
const DRAWS: usize = 10_000;

/// The value below which this share of the values lies, by the nearest rank; 0 of none.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The value in the middle, or between the two that are; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// A value, and the interval that holds the true one with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value of the samples.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// An interval of the median, by the bootstrap.
pub fn median_estimate(values: &[f64], random: &mut Random) -> Estimate {
    estimate(values.len(), random, |rounds| median(&chosen(values, rounds)))
}

/// Ratio of the median of `of` to that of `to`. Both have a value a round, and rounds are drawn as pairs, so that a
/// slow round slows both.
pub fn ratio_estimate(of: &[f64], to: &[f64], random: &mut Random) -> Estimate {
    let count = of.len().min(to.len());
    estimate(count, random, |rounds| median(&chosen(of, rounds)) / median(&chosen(to, rounds)))
}

/// By how much the median of `of` is above that of `than`, drawn in the same way.
pub fn difference_estimate(of: &[f64], than: &[f64], random: &mut Random) -> Estimate {
    let count = of.len().min(than.len());
    estimate(count, random, |rounds| median(&chosen(of, rounds)) - median(&chosen(than, rounds)))
}

fn chosen(values: &[f64], rounds: &[usize]) -> Vec<f64> {
    rounds.iter().map(|round| values[*round]).collect()
}

/// The percentile bootstrap: a statistic of the rounds, and of as many rounds drawn with replacement, many times over.
fn estimate(count: usize, random: &mut Random, statistic: impl Fn(&[usize]) -> f64) -> Estimate {
    let all: Vec<usize> = (0..count).collect();
    let value = statistic(&all);
    if count == 0 {
        return Estimate { value, low: value, high: value };
    }
    let mut draw = || statistic(&all.iter().map(|_| random.below(count)).collect::<Vec<_>>());
    let drawn: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
    Estimate { value, low: quantile(&drawn, 0.025), high: quantile(&drawn, 0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> Random {
        Random::with_seed(7)
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.99), 99.0);
        assert_eq!(quantile(&values, 0.5), 50.0);
        assert_eq!(quantile(&[5.0], 0.99), 5.0);
    }

    #[test]
    fn what_never_varies_has_no_interval() {
        let estimate = ratio_estimate(&[4.0; 40], &[2.0; 40], &mut random());
        assert_eq!(estimate, Estimate { value: 2.0, low: 2.0, high: 2.0 });
    }

    #[test]
    fn the_interval_holds_the_value_and_narrows_with_rounds() {
        let noisy = |count: usize| -> Vec<f64> {
            let mut random = Random::with_seed(1);
            (0..count).map(|_| 100.0 + random.below(20) as f64).collect()
        };
        let width = |count| {
            let values = noisy(count);
            let found = median_estimate(&values, &mut random());
            assert!(found.low <= found.value && found.value <= found.high, "{found:?}");
            found.high - found.low
        };
        assert!(width(400) < width(20));
    }

    #[test]
    fn a_slow_round_slows_both_of_a_pair() {
        let of: Vec<f64> = (0..40).map(|round| if round % 2 == 0 { 10.0 } else { 1000.0 }).collect();
        let to: Vec<f64> = of.iter().map(|value| value / 2.0).collect();
        let found = ratio_estimate(&of, &to, &mut random());
        assert_eq!((found.low, found.high), (2.0, 2.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(median_estimate(&values, &mut random()), median_estimate(&values, &mut random()));
    }
}
