//! What worker processes are sent, and how they are had.

use std::io;
use std::num::NonZeroUsize;

use executors::ProcessPool;
use serde::{Deserialize, Serialize};

use crate::kernels::KernelName;
use crate::plan::Plan;

/// A band to be computed in another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Band {
    /// Of which plan.
    pub plan: Plan,
    /// By which kernel.
    pub kernel: KernelName,
    /// Which of the plan's bands.
    pub index: usize,
}

impl Band {
    /// The bands of a plan, in order.
    pub fn all(plan: &Plan, kernel: KernelName) -> impl Iterator<Item = Band> + '_ {
        (0..plan.bands()).map(move |index| Band {
            plan: plan.clone(),
            kernel,
            index,
        })
    }

    /// Its counts.
    pub fn compute(&self) -> Vec<u32> {
        let tile = self.plan.band(self.index);
        let mut out = vec![0; tile.points()];
        self.kernel.fill()(&self.plan, tile, &mut out);
        out
    }
}

/// A pool for the models that use processes.
///
/// # Errors
/// If `main` doesn't begin with the hook.
pub fn pool(workers: NonZeroUsize) -> io::Result<ProcessPool> {
    ProcessPool::builder()
        .workers(workers.get())
        .build()
        .map_err(io::Error::other)
}

/// Ends a pool that lost a band, since a picture with a hole is none.
pub(crate) fn fail<T>(
    pool: &ProcessPool,
    plan: &Plan,
    index: usize,
    error: &executors::Error,
) -> io::Result<T> {
    // The error told is the first.
    let _ = pool.kill();
    let tile = plan.band(index);
    let last = tile.y + tile.height - 1;
    Err(io::Error::other(format!(
        "{error}, working on rows {} to {last}",
        tile.y
    )))
}
