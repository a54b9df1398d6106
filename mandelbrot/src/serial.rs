//! One band after the other: what every other model is measured against.

use std::io;
use std::num::NonZeroUsize;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::plan::Plan;

/// Runs the kernel in the calling thread, whatever the number of workers.
///
/// # Errors
/// Never: the signature is that of every model.
pub fn run(plan: &Plan, kernel: impl Kernel, _workers: NonZeroUsize) -> io::Result<Counts> {
    let mut counts = Counts::new(plan);
    for (tile, out) in counts.bands_mut(plan) {
        kernel(plan, tile, out);
    }
    Ok(counts)
}
