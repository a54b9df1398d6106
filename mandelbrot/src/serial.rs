//! One band after the other: the baseline for all other models.

use std::io;
use std::num::NonZeroUsize;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::plan::Plan;

/// Runs the kernel in the calling thread. The number of workers is ignored.
///
/// # Errors
/// Never. All models have the same signature.
pub fn run(plan: &Plan, kernel: impl Kernel, _workers: NonZeroUsize) -> io::Result<Counts> {
    let mut counts = Counts::new(plan);
    for (tile, out) in counts.bands_mut(plan) {
        kernel(plan, tile, out);
    }
    Ok(counts)
}
