//! How times are spread, in memory that does not grow.
//!
//! Buckets get wider as the times get longer, so that each is told to within a sixteenth: the idea
//! of Gil Tene's HdrHistogram.

use std::time::Duration;

/// Buckets for each doubling.
const STEPS: u64 = 16;

/// Doublings: from a microsecond to more than any run takes.
const DOUBLINGS: u64 = 48;

/// Times, counted.
///
/// # Examples
///
/// ```
/// use async_fetch::Histogram;
/// use std::time::Duration;
///
/// let mut times = Histogram::default();
/// (1..=100).for_each(|ms| times.record(Duration::from_millis(ms)));
/// let median = times.percentile(50.0).unwrap().as_millis();
/// assert!((47..=53).contains(&median));
/// ```
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            counts: vec![0; (STEPS * DOUBLINGS) as usize],
            total: 0,
            longest: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Counts a time.
    pub fn record(&mut self, time: Duration) {
        let last = self.counts.len() - 1;
        self.counts[bucket(time).min(last)] += 1;
        self.total += 1;
        self.longest = self.longest.max(time);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest, exactly.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The time that so many of a hundred do not exceed, to within a sixteenth; `None` if there
    /// are none.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let wanted = (self.total as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map(|bucket| end_of(bucket).min(self.longest))
    }

    /// Every doubling that has something in it, and those between: `(up to, how many)`.
    pub fn doublings(&self) -> Vec<(Duration, u64)> {
        let doublings = self
            .counts
            .chunks(STEPS as usize)
            .enumerate()
            .map(|(number, counts)| {
                (
                    end_of((number + 1) * STEPS as usize - 1),
                    counts.iter().sum(),
                )
            });
        let all: Vec<(Duration, u64)> = doublings.collect();
        let used = |(_, count): &(Duration, u64)| *count > 0;
        match (all.iter().position(used), all.iter().rposition(used)) {
            (Some(first), Some(last)) => all[first..=last].to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The first doubling is counted by microseconds; every later one has as many steps.
fn bucket(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    if micros < STEPS {
        return micros as usize;
    }
    let doubling = u64::from(micros.ilog2() - STEPS.ilog2());
    let step = (micros >> doubling) - STEPS;
    ((doubling + 1) * STEPS + step) as usize
}

/// The end of a bucket.
fn end_of(bucket: usize) -> Duration {
    let (doubling, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    let micros = match doubling {
        0 => step + 1,
        _ => (STEPS + step + 1) << (doubling - 1),
    };
    Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_time_is_told_to_within_a_sixteenth(micros in 1..1_u64 << 40) {
            let time = Duration::from_micros(micros);
            let end = end_of(bucket(time));
            prop_assert!(end > time);
            prop_assert!(end <= time + time / 16 + Duration::from_micros(1));
            prop_assert!(bucket(time) == 0 || end_of(bucket(time) - 1) <= time);
        }
    }

    #[test]
    fn percentiles_count_from_the_shortest() {
        let mut times = Histogram::default();
        assert_eq!(times.percentile(50.0), None);
        for micros in [1, 2, 3, 4, 1000] {
            times.record(Duration::from_micros(micros));
        }
        assert_eq!(times.percentile(0.0), Some(Duration::from_micros(2)));
        assert_eq!(times.percentile(50.0), Some(Duration::from_micros(4)));
        assert_eq!(times.percentile(100.0), Some(Duration::from_micros(1000)));
        let counted: u64 = times.doublings().iter().map(|(_, count)| count).sum();
        assert_eq!((counted, times.count()), (5, 5));
        times.record(Duration::MAX);
        assert_eq!(times.longest(), Duration::MAX);
    }
}
