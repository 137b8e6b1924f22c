//! Rounds of a measurement: percentiles of one, medians of several.

use std::time::Duration;

/// What one round of requests showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) latency: Latency,
    /// CPU time of the server for one request, in microseconds.
    pub(crate) cpu_us: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Latency {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) p999: Duration,
    pub(crate) max: Duration,
}

impl Latency {
    pub(crate) fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |per_mille| percentile(&latencies, per_mille);
        Self { p50: at(500), p99: at(990), p999: at(999), max: at(1000) }
    }
}

impl Round {
    pub(crate) fn new(elapsed: Duration, cpu: Duration, latencies: Vec<Duration>) -> Self {
        let count = as_float(latencies.len());
        Self {
            per_second: count / elapsed.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / count,
            latency: Latency::of(latencies),
        }
    }

    /// How much of one core the server had, from 0 to 1.
    pub(crate) fn core_share(&self) -> f64 {
        self.per_second * self.cpu_us / 1e6
    }

    /// The median of each number by itself; of the longest latencies the longest.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |field: fn(&Self) -> f64| median(rounds.iter().map(field).collect());
        let latency_of = |field: fn(&Latency) -> Duration| {
            median_duration(rounds.iter().map(|round| field(&round.latency)).collect())
        };
        Self {
            per_second: of(|round| round.per_second),
            cpu_us: of(|round| round.cpu_us),
            latency: Latency {
                p50: latency_of(|latency| latency.p50),
                p99: latency_of(|latency| latency.p99),
                p999: latency_of(|latency| latency.p999),
                max: rounds.iter().map(|round| round.latency.max).max().unwrap_or_default(),
            },
        }
    }
}

/// The smallest value that so many in a thousand do not exceed (nearest rank).
fn percentile(sorted: &[Duration], per_mille: usize) -> Duration {
    let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The median, of an even number of values the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The median, of an even number of values the lower one.
pub(crate) fn median_duration(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    percentile(&values, 500)
}

/// A count as a floating-point number; counts here are far below where that loses anything.
pub(crate) fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(values: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        values.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let latency = Latency::of(ms((1..=1000).rev()));
        let [p50, p99, p999, max] = ms([500, 990, 999, 1000])[..] else { unreachable!() };
        assert_eq!(latency, Latency { p50, p99, p999, max });
        assert_eq!(percentile(&ms([1, 2, 3]), 500), Duration::from_millis(2));
        assert_eq!(percentile(&ms([1, 2, 3]), 0), Duration::from_millis(1));
        assert_eq!(percentile(&ms([7]), 999), Duration::from_millis(7));
        assert_eq!(percentile(&[], 500), Duration::ZERO);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 9.0, 2.0]) - 3.0).abs() < 1e-9);
        assert!(median(vec![]).is_nan());
        assert_eq!(median_duration(ms([3, 1, 2])), Duration::from_millis(2));
    }

    #[test]
    fn rounds_divide_by_the_requests_they_had() {
        let round =
            Round::new(Duration::from_secs(2), Duration::from_millis(1), ms([1, 1, 1, 1, 5]));
        assert!((round.per_second - 2.5).abs() < 1e-9);
        assert!((round.cpu_us - 200.0).abs() < 1e-9);
        assert!((round.core_share() - 0.0005).abs() < 1e-9);
        let slow = Round { per_second: 1.0, latency: Latency::of(ms([9])), ..round };
        let median = Round::median(&[round, slow, round]);
        assert_eq!(median.latency.p50, Duration::from_millis(1));
        assert_eq!(median.latency.max, Duration::from_millis(9));
        assert!((median.per_second - 2.5).abs() < 1e-9);
    }
}
