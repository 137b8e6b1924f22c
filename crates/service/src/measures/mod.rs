//! What is measured at work: counts and durations, in atomics that cost a request some nanoseconds.
//!
//! - [`measured_store`]: the store, its commits and readings counted.
//! - [`readings`]: what is found out when somebody asks: rotations overdue, key material expiring.
//!
//! How measures are shown is the server's matter.

pub(crate) mod measured_store;
mod readings;

pub use measured_store::StoreCounts;
pub use readings::Readings;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Durations, counted in buckets. All buckets begin at zero.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each of [`BOUNDS`], and one for what is longer than all of them.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// What a histogram has counted.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Upper bounds in seconds, the last one infinite, and how many durations were within each but
    /// not within the one before.
    pub buckets: Vec<(f64, u64)>,
    /// All durations together, in seconds.
    pub seconds: f64,
}

/// What a cache has done since the process started.
#[derive(Clone, Copy, Debug)]
pub struct CacheCounts {
    /// What was asked for and was there.
    pub hits: u64,
    /// What was asked for and was not there.
    pub misses: u64,
    /// What is in it now.
    pub entries: u64,
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn read(&self) -> Distribution {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let nanoseconds = Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed));
        Distribution { buckets: bounds.zip(counts).collect(), seconds: nanoseconds.as_secs_f64() }
    }
}

impl Distribution {
    /// How many durations there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

/// Upper bounds of the buckets: from a request that is answered from memory to one that waits for a
/// disk or for the generation of an RSA key.
const BOUNDS: [Duration; 16] = [
    Duration::from_micros(25),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for took in [Duration::ZERO, BOUNDS[0], BOUNDS[0] + Duration::from_nanos(1)] {
            histogram.observe(took);
        }
        histogram.observe(Duration::from_mins(1));
        let read = histogram.read();
        let filled: Vec<_> = read.buckets.iter().filter(|bucket| bucket.1 > 0).copied().collect();
        assert_eq!(filled, [(0.000_025, 2), (0.000_05, 1), (f64::INFINITY, 1)]);
        assert_eq!(read.count(), 4);
        assert!((read.seconds - 60.000_050_001).abs() < 1e-12, "{}", read.seconds);
        assert!(BOUNDS.is_sorted());
    }
}
