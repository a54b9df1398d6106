//! rayon on the inner loop: one row after the other, and the pixels of each row in parallel. This
//! is a counter-example.
//!
//! The threads meet at the end of every row, and a kernel that gets one point can't use SIMD. Run
//! the outermost loop in parallel instead: see [`par_iter`].

use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::par_iter;
use crate::plan::Plan;
use crate::tile::Tile;

/// Runs the kernel on a rayon pool of `workers` threads, one pixel per call.
///
/// # Errors
/// If the system refuses a thread.
///
/// # Panics
/// If the kernel panics.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    Ok(run_on(&par_iter::pool(workers)?, plan, kernel))
}

/// Like [`run`], on an existing pool.
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
