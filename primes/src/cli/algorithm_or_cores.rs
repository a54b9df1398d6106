//! The second part of the demonstration: the same count by the sieve on all workers, and by the
//! formula on one.

use std::num::NonZeroUsize;
use std::time::Duration;

use common::cli::{Interrupt, RunArgs};
use common::comparison::Answer;
use common::timing::{self, human_duration};
use primes::Constellation;
use serde_json::{Value, json};

use super::algorithm;
use super::count;
use super::model::{Kind, Model};

/// A few hundredths of a second for the sieve. With three runs of both, the demonstration stays
/// within ten seconds, also on a busy machine.
const STOP: u64 = 1_000_000_000;

const RUNS: usize = 3;

/// The medians of both, and the count.
pub(super) struct Measured {
    workers: usize,
    sieve: Duration,
    formula: Duration,
    count: u64,
}

/// Counts by both algorithms.
pub(super) fn measure(run: &RunArgs, interrupt: &Interrupt) -> Answer<Measured> {
    let mut all = run.clone();
    // No progress bars inside the demonstration.
    all.output.quiet = true;
    let mut one = all.clone();
    one.jobs = Some(NonZeroUsize::MIN);
    let sieve = || {
        let threads = Model::new(Kind::Threads);
        count::count(&threads, 0..=STOP, Constellation::Single, &all, interrupt)
    };
    let (sieved, sieve) = median(sieve)?;
    let (count, formula) = median(|| algorithm::combinatorial(0..=STOP, &one, interrupt))?;
    if sieved != count {
        return Err(
            format!("up to {STOP}: the sieve counted {sieved}, the formula {count}").into(),
        );
    }
    Ok(Measured {
        workers: run.jobs().get(),
        sieve,
        formula,
        count,
    })
}

fn median(count: impl Fn() -> Answer<u64>) -> Answer<(u64, Duration)> {
    let mut times = Vec::new();
    let mut counted = 0;
    for _ in 0..RUNS {
        let (count, time) = timing::measure(&count);
        counted = count?;
        times.push(time.wall);
    }
    times.sort_unstable();
    Ok((counted, times[RUNS / 2]))
}

impl Measured {
    /// The result as text.
    pub(super) fn text(&self) -> String {
        let ratio = self.sieve.as_secs_f64() / self.formula.as_secs_f64();
        let conclusion = match ratio > 1.0 {
            true => format!("{ratio:.0} times as fast: a better algorithm beats more cores"),
            false => "no faster in this run (was the machine busy?)".to_owned(),
        };
        format!(
            "There are {} primes up to {STOP}. The sieve found them in {}, on -j {}; a formula \
             that finds no prime took {} on one core: {conclusion}.",
            self.count,
            human_duration(self.sieve),
            self.workers,
            human_duration(self.formula),
        )
    }

    /// The result as JSON.
    pub(super) fn json(&self) -> Value {
        json!({
            "stop": STOP,
            "count": self.count,
            "sieve": { "workers": self.workers, "wall_seconds": self.sieve.as_secs_f64() },
            "combinatorial": { "workers": 1, "wall_seconds": self.formula.as_secs_f64() },
        })
    }
}
