//! The algorithm of a count: the sieve, or a formula that finds no single prime.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use clap::ValueEnum;
use common::cli::{Interrupt, Progress, RunArgs};
use common::comparison::Answer;
use primes::{Constellation, combinatorial};

use super::count;
use super::model::{Kind, Model};

/// A value of `--algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Algorithm {
    /// The faster of the two
    #[default]
    Auto,
    /// Find all primes of the range
    Sieve,
    /// Compute the number of primes up to both ends, without finding them
    Combinatorial,
}

/// The formula's number of steps grows with the power 2/3 of the number. One step takes as long as
/// this many numbers of the sieve. Measured at 1e12 and 1e15.
const NUMBERS_PER_STEP: f64 = 4.0;

impl Algorithm {
    /// Chooses [`Sieve`](Algorithm::Sieve) or [`Combinatorial`](Algorithm::Combinatorial) for a
    /// plain count of a range.
    pub(super) fn for_range(self, range: &RangeInclusive<u64>) -> Algorithm {
        if self != Algorithm::Auto {
            return self;
        }
        let numbers = range.end().saturating_sub(*range.start()) as f64;
        let steps: f64 = [range.start(), range.end()]
            .into_iter()
            .filter(|&&end| end > 2)
            .map(|&end| (end as f64).powf(2.0 / 3.0))
            .sum();
        match numbers > NUMBERS_PER_STEP * steps {
            true => Algorithm::Combinatorial,
            false => Algorithm::Sieve,
        }
    }

    /// The name in the report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Algorithm::Auto => "auto",
            Algorithm::Sieve => "sieve",
            Algorithm::Combinatorial => "combinatorial",
        }
    }
}

/// Counts the primes of a range by the chosen algorithm.
pub(super) fn primes_of(
    range: RangeInclusive<u64>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> Answer<u64> {
    match Algorithm::Auto.for_range(&range) {
        Algorithm::Combinatorial => combinatorial(range, run, interrupt),
        Algorithm::Auto | Algorithm::Sieve => {
            let threads = Model::new(Kind::Threads);
            count::count(&threads, range, Constellation::Single, run, interrupt)
        }
    }
}

/// Counts the primes of a range: the number up to its end minus the number below its start.
pub(super) fn combinatorial(
    range: RangeInclusive<u64>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> Answer<u64> {
    const WHOLE: f64 = 1e6;
    let below = range.start().saturating_sub(1);
    let ends = [below, *range.end()];
    // Weighted by their steps, so that the bar moves evenly.
    let steps = ends.map(|end| (end as f64).powf(2.0 / 3.0));
    let all = steps[0] + steps[1];
    let progress = Progress::new("counting", WHOLE as u64, run.output.quiet);
    let shares = Shares::default();
    let pi = |end: u64, part: f64, workers: NonZeroUsize| {
        combinatorial::pi(end, workers, &|share| {
            progress.set((shares.add(share * part) * WHOLE) as u64);
            !interrupt.raised()
        })
    };
    let mut counts = [0, 0];
    for ((count, end), steps) in counts.iter_mut().zip(ends).zip(steps) {
        match pi(end, steps / all, run.jobs())? {
            Some(found) => *count = found,
            None => {
                let percent = 100.0 * shares.add(0.0);
                return Err(format!("interrupted after about {percent:.0}% of the work").into());
            }
        }
    }
    progress.finish();
    Ok(counts[1] - counts[0])
}

/// A sum of shares of the whole work, added up by many threads.
#[derive(Default)]
struct Shares(std::sync::atomic::AtomicU64);

impl Shares {
    /// One unit is far smaller than the share of any item of work.
    const UNIT: f64 = 1e12;

    /// Adds to the sum, and returns it.
    fn add(&self, share: f64) -> f64 {
        let share = (share * Shares::UNIT) as u64;
        let before = self
            .0
            .fetch_add(share, std::sync::atomic::Ordering::Relaxed);
        (before + share) as f64 / Shares::UNIT
    }
}
