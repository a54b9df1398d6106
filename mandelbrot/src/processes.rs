//! Processes: this same program started again. Bands go out as values, and counts come back as bytes
//! through a pipe.
//!
//! In Python this is the way around the lock; in Rust it buys isolation, not speed. What a worker
//! process is, is the room `executors`.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;

use executors::{Executor, JobType, ProcessPool};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::kernels::Named;
use crate::plan::Plan;
use crate::shared_memory::SharedBand;
use crate::tile::Tile;

/// What worker processes must know: `main` begins with `executors::hook(processes::JOBS)`.
pub const JOBS: &[JobType] = &[executors::job::<Band>(), executors::job::<SharedBand>()];

/// A band to be computed in another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Band {
    /// Of which plan.
    pub plan: Plan,
    /// By which kernel.
    pub kernel: Named,
    /// Which of the plan's bands.
    pub index: usize,
}

impl Band {
    /// Its counts.
    pub fn compute(&self) -> Vec<u32> {
        let tile = self.plan.band(self.index);
        let mut out = vec![0; tile.points()];
        self.kernel.fill()(&self.plan, tile, &mut out);
        out
    }
}

impl executors::Job for Band {
    type Output = Bytes;

    fn run(self) -> Bytes {
        let counts = self.compute();
        Bytes(
            counts
                .iter()
                .flat_map(|count| count.to_le_bytes())
                .collect(),
        )
    }
}

/// Bytes that travel as they are. A `Vec<u8>` would go one number at a time.
pub struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Whole)
    }
}

/// Runs the kernel in `workers` processes.
///
/// # Errors
/// If a worker can't be started, or dies: then the others are ended, too.
pub fn run(plan: &Plan, kernel: Named, workers: NonZeroUsize) -> io::Result<Counts> {
    run_on(&pool(workers)?, plan, kernel, || false)
}

/// A pool for [`run_on`].
///
/// # Errors
/// If `main` doesn't begin with the hook.
pub fn pool(workers: NonZeroUsize) -> io::Result<ProcessPool> {
    ProcessPool::builder()
        .workers(workers.get())
        .build()
        .map_err(io::Error::other)
}

/// [`run`] on a pool that is there already, until `stop` says so: the counts of what was not begun
/// then are 0.
///
/// # Errors
/// If a worker can't be started, or dies: then the pool is killed.
pub fn run_on(
    pool: &ProcessPool,
    plan: &Plan,
    kernel: Named,
    stop: impl Fn() -> bool,
) -> io::Result<Counts> {
    let mut counts = Counts::new(plan);
    let bands = (0..plan.bands()).take_while(|_| !stop());
    let jobs = bands.map(|index| Band {
        plan: plan.clone(),
        kernel,
        index,
    });
    // They come back in the order in which they went out.
    for (index, result) in pool.map(jobs).enumerate() {
        let tile = plan.band(index);
        let Bytes(bytes) = result.or_else(|error| fail(pool, tile, &error))?;
        let (words, _) = bytes.as_chunks();
        for (count, &word) in counts.rows_mut(tile).iter_mut().zip(words) {
            *count = u32::from_le_bytes(word);
        }
    }
    Ok(counts)
}

/// Ends the pool, since a picture with a hole is none.
pub(crate) fn fail<T>(pool: &ProcessPool, tile: Tile, error: &executors::Error) -> io::Result<T> {
    // The error told is the first.
    let _ = pool.kill();
    let last = tile.y + tile.height - 1;
    Err(io::Error::other(format!(
        "{error}, working on rows {} to {last}",
        tile.y
    )))
}
