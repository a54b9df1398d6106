//! Processes: a pool of copies of this program. Bands are sent as values, and counts come back as
//! bytes through a pipe.
//!
//! In Python this avoids the lock. In Rust it gives isolation, not speed. The room `executors`
//! explains worker processes.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;

use executors::{Executor, JobType, ProcessPool};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::band::{self, Band};
use crate::counts::Counts;
use crate::kernels::KernelName;
use crate::plan::Plan;

/// The job type that worker processes must know: `main` begins with
/// `executors::hook(&[processes::JOB])`.
pub const JOB: JobType = executors::job::<Band>();

impl executors::Job for Band {
    type Output = Bytes;

    const NAME: &'static str = "mandelbrot-band";
    const VERSION: u32 = 1;

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

/// Bytes that are sent unchanged. A `Vec<u8>` would be serialized number by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

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

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Whole)
    }
}

/// Runs the kernel in `workers` processes.
///
/// # Errors
/// If a worker can't be started, or dies. Then the other workers are ended too.
pub fn run(plan: &Plan, kernel: KernelName, workers: NonZeroUsize) -> io::Result<Counts> {
    run_on(&band::pool(workers)?, plan, kernel, || false)
}

/// Like [`run`], on an existing pool, until `stop` returns true. The points that were not started
/// then have the count 0.
///
/// # Errors
/// If a worker can't be started, or dies. Then the pool is killed.
pub fn run_on(
    pool: &ProcessPool,
    plan: &Plan,
    kernel: KernelName,
    stop: impl Fn() -> bool + Sync,
) -> io::Result<Counts> {
    run_with(pool, band::killing(pool), plan, kernel, stop)
}

/// [`run_on`] with any executor of jobs that travel: this machine's processes, or other machines.
/// `end` ends what it runs.
///
/// # Errors
/// The first error of a job; `end` has been called then.
pub fn run_with(
    pool: &impl Executor,
    end: impl Fn() + Sync,
    plan: &Plan,
    kernel: KernelName,
    stop: impl Fn() -> bool + Sync,
) -> io::Result<Counts> {
    let mut counts = Counts::new(plan);
    let bands = Band::all(plan, kernel).take_while(|_| !stop());
    band::until_stopped(&end, &stop, || {
        // The results come in the order of the jobs.
        for (index, result) in pool.map(bands).enumerate() {
            let Bytes(bytes) = match result {
                Err(_) if stop() => break,
                Err(error) => return band::fail(&end, plan, index, &error),
                Ok(bytes) => bytes,
            };
            let (words, _) = bytes.as_chunks();
            for (count, &word) in counts.rows_mut(plan.band(index)).iter_mut().zip(words) {
                *count = u32::from_le_bytes(word);
            }
        }
        Ok(())
    })?;
    Ok(counts)
}
