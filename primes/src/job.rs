//! A unit of work: plain data, so that a thread, a task and another process can all be given it.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::constellation::Constellation;
use crate::interval;
use crate::trial_division;

/// A question about primes whose answer is a number. In a program of your own this is your type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Job {
    /// Is this number prime? By trial division: 1 for yes, 0 for no.
    Check(u64),
    /// How many primes, or constellations, lie wholly in the range `start..=stop`?
    Count {
        /// The first number.
        start: u64,
        /// The last number.
        stop: u64,
        /// What is counted.
        what: Constellation,
    },
}

impl Job {
    /// Works out the answer.
    pub fn run(&self) -> u64 {
        self.run_with(|| ())
    }

    /// [`Job::run`], calling `checkpoint` every few milliseconds or more often.
    pub fn run_with(&self, checkpoint: impl FnMut()) -> u64 {
        match *self {
            Job::Check(n) => {
                let _span = tracing::info_span!("check", n).entered();
                trial_division::is_prime_with(n, checkpoint).into()
            }
            Job::Count { start, stop, what } => {
                let _span = tracing::info_span!("count", start, stop).entered();
                interval::count_with(start..=stop, what, checkpoint)
            }
        }
    }
}

/// Waits outside the job's span: a trace should not show a thread at work while it waits.
pub(crate) fn paused(wait: impl FnOnce()) {
    let span = tracing::Span::current();
    span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
    wait();
    span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
}

/// The form in which a job is sent to another process: a line of text.
impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Job::Check(n) => write!(f, "check {n}"),
            Job::Count { start, stop, what } => write!(f, "count {start} {stop} {}", what.size()),
        }
    }
}

/// The text is not a job.
#[derive(Debug, thiserror::Error)]
#[error("not a job: {0:?}")]
pub struct ParseJobError(String);

impl FromStr for Job {
    type Err = ParseJobError;

    fn from_str(text: &str) -> Result<Job, ParseJobError> {
        let error = || ParseJobError(text.to_owned());
        let number = |word: &str| word.parse().map_err(|_| error());
        match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            ["check", n] => Ok(Job::Check(number(n)?)),
            ["count", start, stop, size] => {
                let what = size.parse().map_err(|_| error())?;
                Ok(Job::Count {
                    start: number(start)?,
                    stop: number(stop)?,
                    what,
                })
            }
            _ => Err(error()),
        }
    }
}

/// Where neither the root nor a short range asks for another length, a piece has this one: a few
/// hundredths of a second, so that the workers come out even.
const USUAL_PIECE: u64 = 100_000_000;

/// For each unit of the range's root a piece has at least this many numbers, unless there would be
/// fewer pieces than workers: every piece finds the sieving primes anew, which should stay small
/// beside sieving with them.
const PIECE_PER_ROOT: u64 = 32;

/// Pieces a worker gets of a short range.
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
    // Whole bytes of the sieve: a constellation that straddled two pieces would be lost.
    let length = (share / PIECES_PER_WORKER)
        .min(USUAL_PIECE)
        .max(least)
        .min(share);
    let length = length.max(1).next_multiple_of(30);
    let mut next = (start <= stop).then_some(start);
    std::iter::from_fn(move || {
        let start = next?;
        // The last number that a byte stands for leaves 1 mod 30.
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
        fn a_job_survives_being_sent(start: u64, stop: u64, size in 1_u8..=6) {
            let what = Constellation::of(size).unwrap();
            for job in [Job::Check(start), Job::Count { start, stop, what }] {
                prop_assert_eq!(job.to_string().parse::<Job>().unwrap(), job);
            }
        }

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

    #[test]
    fn what_is_not_a_job_is_refused() {
        for text in [
            "",
            "check",
            "check x",
            "check -1",
            "count 1 2",
            "count 1 2 7",
            "count 1 2 3 4",
        ] {
            assert!(text.parse::<Job>().is_err(), "{text:?}");
        }
    }
}
