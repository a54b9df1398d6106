//! A unit of work: plain data, which can be given to a thread, a task or another process.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::constellation::Constellation;
use crate::interval;
use crate::trial_division;

/// The workshop's numbers. Three take milliseconds to test, and seven almost no time, so equal
/// parts of the list are not equal parts of the work.
pub const WORKSHOP_NUMBERS: [u64; 10] = [
    1_297_337,
    1_116_281,
    104_395_303,
    472_882_027,
    533_000_389,
    817_504_243,
    982_451_653,
    112_272_535_095_293,
    115_280_095_190_773,
    1_099_726_899_285_419,
];

/// A question about primes with a number as its answer. In your own program, use your own type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Job {
    /// Is this number prime? By trial division. The answer is 1 for yes, 0 for no.
    Check(u64),
    /// How many primes, or constellations, lie completely in the range `start..=stop`?
    Count {
        /// The first number.
        start: u64,
        /// The last number.
        stop: u64,
        /// The kind of primes or constellations.
        what: Constellation,
    },
}

impl Job {
    /// Computes the answer.
    pub fn run(&self) -> u64 {
        self.run_while(|_| true)
            .expect("a checkpoint that returns true stops nothing")
    }

    /// Like [`Job::run`], but calls `checkpoint` at least every few milliseconds, with how many
    /// numbers were processed since the last call. If it returns false, the result is `None`.
    pub fn run_while(&self, mut checkpoint: impl FnMut(u64) -> bool) -> Option<u64> {
        match *self {
            Job::Check(n) => {
                let _span = tracing::info_span!("check", n).entered();
                trial_division::is_prime_while(n, || checkpoint(0)).map(u64::from)
            }
            Job::Count { start, stop, what } => {
                let _span = tracing::info_span!("count", start, stop).entered();
                interval::count_while(start..=stop, what, checkpoint)
            }
        }
    }
}

/// Waits outside the job's span, because a trace should not show a waiting thread as busy.
pub(crate) fn paused(wait: impl FnOnce()) {
    let span = tracing::Span::current();
    span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
    wait();
    span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
}

/// The text of a job in error messages.
impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Job::Check(n) => write!(f, "is {n} prime?"),
            Job::Count { start, stop, what } => write!(f, "{} from {start} to {stop}", what.name()),
        }
    }
}

/// The usual length of a piece, if neither the root nor a short range requires another: a few
/// hundredths of a second, so that all workers end at about the same time.
const USUAL_PIECE: u64 = 100_000_000;

/// The minimum length of a piece for each unit of the range's root, unless there would be fewer
/// pieces than workers. Each piece must find the sieving primes again; that should take little time
/// compared with the sieving.
const PIECE_PER_ROOT: u64 = 32;

/// The number of pieces per worker, if the range is short.
const PIECES_PER_WORKER: u64 = 8;

/// Divides a range among `workers` into [`Job::Count`]s, in order and lazily.
///
/// ```
/// use primes::{Constellation, job::pieces};
/// use std::num::NonZeroUsize;
///
/// let workers = NonZeroUsize::new(2).unwrap();
/// let jobs = pieces(1..=1_000_000, Constellation::Twins, workers);
/// assert_eq!(jobs.map(|job| job.run()).sum::<u64>(), 8_169);
/// ```
pub fn pieces(
    range: RangeInclusive<u64>,
    what: Constellation,
    workers: NonZeroUsize,
) -> impl Iterator<Item = Job> + Send {
    let (start, stop) = range.into_inner();
    let share = stop.saturating_sub(start) / workers.get() as u64;
    let least = stop.isqrt().saturating_mul(PIECE_PER_ROOT);
    // Use whole bytes of the sieve: a constellation across two pieces would not be counted.
    let length = (share / PIECES_PER_WORKER)
        .min(USUAL_PIECE)
        .max(least)
        .min(share);
    let length = length.max(1).next_multiple_of(30);
    let mut next = (start <= stop).then_some(start);
    std::iter::from_fn(move || {
        let start = next?;
        // The last number of a byte is 1 mod 30.
        let last = (start - start % 30).saturating_add(length + 1).min(stop);
        next = (last < stop).then(|| last + 1);
        Some(Job::Count {
            start,
            stop: last,
            what,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_cover_the_range_once(
            start: u64,
            length in 0..1_u64 << 50,
            workers in 1_usize..100,
        ) {
            let workers = NonZeroUsize::new(workers).unwrap();
            let stop = start.saturating_add(length);
            let mut next = Some(start);
            for job in pieces(start..=stop, Constellation::Single, workers).take(2000) {
                let Job::Count { start, stop: last, .. } = job else { unreachable!() };
                prop_assert_eq!(Some(start), next);
                prop_assert!(last >= start && last <= stop);
                prop_assert!(last == stop || last % 30 == 1);
                next = last.checked_add(1);
            }
            prop_assert!(next > Some(stop) || next.is_none() || length > 1 << 36);
        }
    }

    #[test]
    fn short_ranges_are_one_piece() {
        for (start, stop) in [(0, 0), (2, 2), (31, 32), (u64::MAX, u64::MAX)] {
            let what = Constellation::Single;
            let pieces: Vec<Job> = pieces(start..=stop, what, NonZeroUsize::MIN).collect();
            assert_eq!(pieces, [Job::Count { start, stop, what }]);
        }
        let (start, stop) = (5, 4);
        let what = Constellation::Single;
        assert_eq!(pieces(start..=stop, what, NonZeroUsize::MIN).count(), 0);
    }
}
