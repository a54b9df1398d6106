//! From which difference between two halves on stealing pays.

use super::{About, Crossover, find};
use crate::costs::{Kit, timed};
use crate::figure::Unit;
use crate::jobs::Compute;
use crate::sample::Run;
use executors::Job;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::hint::black_box;
use std::io;
use std::time::Duration;

/// How many tasks there are, and how long all of them take on one worker.
const TASKS: usize = 64;
const LENGTH: Duration = Duration::from_millis(3);

/// Stealing pays if it saves a twentieth of the time.
const TWENTIETH: f64 = 1.05;

const ROUNDS: usize = 9;

/// How much more than half of the work is in the first half.
const SHARES: [f64; 8] = [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.24, 0.32];

/// The cross-over.
///
/// # Errors
///
/// If the user asked to stop.
pub fn measure(kit: &Kit, run: &Run<'_>, steps_per_second: f64) -> io::Result<Crossover> {
    let about = About {
        id: "stealing",
        title: "rayon's stealing, beside two fixed halves",
        size: "share of the work that the larger half has too much",
        ratio: "the fixed halves' time over 1.05 times rayon's",
        unit: Unit::Times,
    };
    find(about, &SHARES, run.at_most(ROUNDS), run, |share| {
        let tasks = tasks(share, LENGTH.as_secs_f64() * steps_per_second);
        let compute = |&task: &Compute| {
            black_box(task.run());
        };
        let work = |tasks: &[Compute]| tasks.iter().for_each(compute);
        let (first, second) = tasks.split_at(TASKS / 2);
        let fixed = || timed(|| kit.rayon.join(|| work(first), || work(second)));
        let stealing = || {
            let each = || tasks.par_iter().for_each(compute);
            timed(|| kit.rayon.install(each))
        };
        let both = [fixed() + fixed(), stealing() + stealing()];
        Ok(both[0].as_secs_f64() / (TWENTIETH * both[1].as_secs_f64()))
    })
}

/// Tasks whose first half has 0.5 + `share` of all steps.
fn tasks(share: f64, steps: f64) -> Vec<Compute> {
    let half = TASKS / 2;
    let each = |share: f64| (steps * share / half as f64) as u32;
    let (long, short) = (each(0.5 + share), each(0.5 - share));
    let lengths = (0..TASKS).map(|at| if at < half { long } else { short });
    lengths.map(|steps| Compute { steps, seed: 0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_half_has_its_share() {
        let tasks = tasks(0.25, 64_000.0);
        let sum = |tasks: &[Compute]| tasks.iter().map(|task| task.steps).sum::<u32>();
        assert_eq!((sum(&tasks[..32]), sum(&tasks[32..])), (48_000, 16_000));
    }
}
