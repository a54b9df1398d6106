//! The work of `peers/pool.py` on our pools. Both programs start, make a pool, use it and print.

use std::io::Write;
use std::num::NonZeroUsize;

use benches::echo::Echo;
use common::cli::Outcome;
use executors::{Executor, ProcessPool, ThreadPool};

use super::args::{Model, Use};

/// The same as in the script.
const CHUNK: usize = 5_000;

/// Submits `count` jobs to a pool, and prints the sum of the answers.
pub(crate) fn run(
    how: Use,
    model: Model,
    workers: NonZeroUsize,
    count: u64,
) -> anyhow::Result<Outcome> {
    let sum = match model {
        Model::Threads => sum(&ThreadPool::new(workers.get())?, how, count),
        Model::Processes => sum(&ProcessPool::new(workers.get())?, how, count),
    }?;
    let mut out = common::cli::stdout();
    writeln!(out, "{sum}")?;
    out.flush()?;
    Ok(Outcome::Done)
}

fn sum(pool: &impl Executor, how: Use, count: u64) -> Result<u64, executors::Error> {
    let mut jobs = (0..count).map(Echo);
    match how {
        Use::Map => pool.map(jobs).chunk(CHUNK).sum(),
        Use::RoundTrips => jobs.try_fold(0, |sum, job| Ok(sum + pool.submit(job)?.result()?)),
    }
}
