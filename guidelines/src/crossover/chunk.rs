//! How small a chunk may be: from which length of a chunk on, a longer one gains nothing.

use super::{About, Crossover, find, sizes};
use crate::costs::try_timed;
use crate::figure::Unit;
use crate::jobs::Compute;
use crate::sample::Run;
use executors::{Executor, ProcessPool, ThreadPool};
use std::io;
use std::time::Duration;

/// How many jobs there are, and how long each is: 4 ms in all.
const JOBS: u64 = 4096;
const LENGTH: Duration = Duration::from_micros(1);

/// Chunks with the whole gain. Smaller ones are compared with these.
const LARGE: usize = 512;

/// A chunk is large enough if the whole takes at most a tenth longer.
const TENTH: f64 = 1.1;

const ROUNDS: usize = 7;

/// The cross-overs of a thread pool and a process pool, of two workers each.
///
/// # Errors
///
/// If the user asked to stop, or a pool is broken.
pub fn measure(run: &Run<'_>, steps_per_second: f64) -> io::Result<Vec<Crossover>> {
    let threads = ThreadPool::new(2).map_err(io::Error::other)?;
    let processes = ProcessPool::new(2).map_err(io::Error::other)?;
    processes.warm_up().map_err(io::Error::other)?;
    let about = |id, title| About {
        id,
        title,
        size: "length of a chunk, of tasks of 1 us",
        ratio: "1.1 times the time with chunks of 512, over the time with these",
        unit: Unit::Seconds,
    };
    let of_threads = about("chunk/thread-pool", "chunks for a thread pool");
    let of_processes = about("chunk/process-pool", "chunks for a process pool");
    Ok(vec![
        of_pool(of_threads, &threads, run, steps_per_second)?,
        of_pool(of_processes, &processes, run, steps_per_second)?,
    ])
}

fn of_pool(
    about: About,
    pool: &impl Executor,
    run: &Run<'_>,
    steps_per_second: f64,
) -> io::Result<Crossover> {
    let steps = (LENGTH.as_secs_f64() * steps_per_second).max(1.0) as u32;
    let all = |chunk: usize| {
        try_timed(|| {
            let jobs = (0..JOBS).map(|seed| Compute { steps, seed });
            // Several chunks for each worker, so that none waits.
            let mut map = pool.map(jobs).chunk(chunk).buffer(JOBS as usize);
            map.try_for_each(|done| done.map(drop))
        })
    };
    let one = LENGTH.as_secs_f64();
    let sizes = sizes(one, 256.0 * one, 2.0);
    find(about, &sizes, run.at_most(ROUNDS), run, |length| {
        let small = all((length / one).round() as usize)?;
        Ok(TENTH * all(LARGE)?.as_secs_f64() / small.as_secs_f64())
    })
}
