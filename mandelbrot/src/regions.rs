//! OpenMP-style regions: every thread of a team runs the same code and takes its share of the loop.
//!
//! The schedule decides which thread gets which bands. `static` divides them before the start,
//! which is best if all take equally long. `dynamic` hands them out one by one, and `guided` in
//! smaller and smaller portions.

use std::io;
use std::num::NonZeroUsize;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::omp::{self, Parts, Schedule};
use crate::plan::Plan;

/// Runs the kernel on a team of `workers` threads. The bands are distributed by the schedule in
/// `OMP_SCHEDULE`; without it, dynamically. If the system refuses threads, the team is smaller.
///
/// # Errors
/// If `OMP_SCHEDULE` or another variable of OpenMP can't be read.
///
/// # Panics
/// If the kernel panics.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    let schedule = Schedule::from_env().map_err(io::Error::other)?;
    let schedule = schedule.unwrap_or(Schedule::Dynamic(1));
    Ok(run_scheduled(plan, kernel, workers, schedule))
}

/// Like [`run`], with a given schedule.
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
