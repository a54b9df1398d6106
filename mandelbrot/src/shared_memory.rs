//! Processes that write into shared memory. Only the message that a band is done goes through the
//! pipe.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use executors::{Executor, JobType, ProcessPool};
use serde::{Deserialize, Serialize};

use crate::band::{self, Band};
use crate::counts::Counts;
use crate::kernels::KernelName;
use crate::mapping::Mapping;
use crate::plan::Plan;

/// The job type that worker processes must know: `main` begins with
/// `executors::hook(&[shared_memory::JOB])`.
pub const JOB: JobType = executors::job::<SharedBand>();

/// A band for another process to compute, and the memory for its counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharedBand {
    band: Band,
    /// The path of the memory.
    memory: PathBuf,
}

impl executors::Job for SharedBand {
    type Output = Result<(), String>;

    fn run(self) -> Result<(), String> {
        let SharedBand { band, memory } = self;
        let shared = Mapping::open(&memory, band.plan.points())
            .map_err(|error| format!("{}: {error}", memory.display()))?;
        let tile = band.plan.band(band.index);
        shared.write(tile.y * tile.width, &band.compute());
        Ok(())
    }
}

/// Runs the kernel in `workers` processes.
///
/// # Errors
/// If a worker can't be started, or dies, or there is not enough memory to share.
pub fn run(plan: &Plan, kernel: KernelName, workers: NonZeroUsize) -> io::Result<Counts> {
    run_on(&band::pool(workers)?, plan, kernel, || false)
}

/// Like [`run`], on an existing pool, until `stop` returns true. The points that were not started
/// then have the count 0.
///
/// # Errors
/// As [`run`]; the pool is killed.
pub fn run_on(
    pool: &ProcessPool,
    plan: &Plan,
    kernel: KernelName,
    stop: impl Fn() -> bool + Sync,
) -> io::Result<Counts> {
    let (shared, owner) = Mapping::create(plan.points())?;
    let bands = Band::all(plan, kernel).take_while(|_| !stop());
    let jobs = bands.map(|band| SharedBand {
        band,
        memory: owner.path(),
    });
    let end = band::killing(pool);
    band::until_stopped(&end, &stop, || {
        for (index, result) in pool.map(jobs).enumerate() {
            match result {
                Err(_) if stop() => break,
                Err(error) => return band::fail(&end, plan, index, &error),
                Ok(written) => written.map_err(io::Error::other)?,
            }
        }
        Ok(())
    })?;
    let mut counts = Counts::new(plan);
    shared.read(counts.values_mut());
    Ok(counts)
}
