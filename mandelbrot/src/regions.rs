//! OpenMP-style regions: every thread of a team runs the same code and takes its share of the loop.
//!
//! The schedule says who gets which bands: `static` divides them beforehand, which is best when all
//! take as long; `dynamic` hands them out one by one, `guided` in shrinking portions.

use std::io;
use std::num::NonZeroUsize;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::omp::{self, Parts, Schedule};
use crate::plan::Plan;

/// Runs the kernel on a team of `workers` threads, bands handed out by the schedule that
/// `OMP_SCHEDULE` names, or else dynamically. A team that the system refuses threads is smaller.
///
/// # Errors
/// If `OMP_SCHEDULE` names none, or another variable of OpenMP's can't be understood.
///
/// # Panics
/// If the kernel panics.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    let schedule = Schedule::from_env().map_err(io::Error::other)?;
    let schedule = schedule.unwrap_or(Schedule::Dynamic(1));
    Ok(run_scheduled(plan, kernel, workers, schedule))
}

/// [`run`] with a schedule.
///
/// # Panics
/// If the kernel panics.
pub fn run_scheduled(
    plan: &Plan,
    kernel: impl Kernel,
    workers: NonZeroUsize,
    schedule: Schedule,
) -> Counts {
    let mut counts = Counts::new(plan);
    let band = plan.rows_per_band() * plan.width();
    let bands = Parts::new(counts.values_mut(), band);
    omp::parallel(workers.get(), |p| {
        for index in p.iterate(0..bands.len(), schedule) {
            kernel(plan, plan.band(index), bands.take(index));
        }
    });
    drop(bands);
    counts
}
