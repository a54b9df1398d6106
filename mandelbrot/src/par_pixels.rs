//! rayon inside out: one row after the other, the pixels of each in parallel. To be seen, not used.
//!
//! The threads meet at the end of every row, and a kernel given one point at a time can't work on
//! many at once. The outermost loop is the one to run in parallel: see [`par_iter`].

use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::par_iter;
use crate::plan::Plan;
use crate::tile::Tile;

/// Runs the kernel on a rayon pool of `workers` threads, a pixel at a time.
///
/// # Errors
/// If the system refuses a thread.
///
/// # Panics
/// If the kernel panics.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    Ok(run_on(&par_iter::pool(workers)?, plan, kernel))
}

/// [`run`] on a pool that is there already.
///
/// # Panics
/// If the kernel panics.
pub fn run_on(pool: &ThreadPool, plan: &Plan, kernel: impl Kernel) -> Counts {
    let mut counts = Counts::new(plan);
    let rows = counts.values_mut().chunks_mut(plan.width());
    pool.install(|| {
        for (y, row) in rows.enumerate() {
            row.par_iter_mut().enumerate().for_each(|(x, out)| {
                let pixel = Tile {
                    x,
                    y,
                    width: 1,
                    height: 1,
                };
                kernel(plan, pixel, std::slice::from_mut(out));
            });
        }
    });
    counts
}
