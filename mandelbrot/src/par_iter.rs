//! rayon: a parallel iterator over the bands. Idle threads steal work from busy ones.

use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::plan::Plan;

/// Runs the kernel on a rayon pool of `workers` threads.
///
/// # Errors
/// If the system refuses a thread.
///
/// # Panics
/// If the kernel panics.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    Ok(run_on(&pool(workers)?, plan, kernel))
}

/// A pool for [`run_on`]. A program usually has one pool and keeps it. Without a pool of its own,
/// it uses rayon's global one.
///
/// # Errors
/// If the system refuses a thread.
pub fn pool(workers: NonZeroUsize) -> io::Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers.get())
        .thread_name(|number| format!("rayon-{number}"))
        .build()
        // The text of this error already contains its cause.
        .map_err(|error| io::Error::other(error.to_string()))
}

/// Like [`run`], on an existing pool.
///
/// # Panics
/// If the kernel panics.
pub fn run_on(pool: &ThreadPool, plan: &Plan, kernel: impl Kernel) -> Counts {
    let mut counts = Counts::new(plan);
    let band = plan.rows_per_band() * plan.width();
    pool.install(|| {
        counts
            .values_mut()
            .par_chunks_mut(band)
            .enumerate()
            .for_each(|(index, out)| kernel(plan, plan.band(index), out));
    });
    counts
}
