//! rayon: a parallel iterator over the jobs. Idle threads steal work from busy ones.

use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::job::Job;
use crate::watch::Watch;

/// Runs the jobs on a rayon pool of `workers` threads. `watch` is told on them.
///
/// # Errors
/// If the system refuses a thread.
///
/// # Panics
/// If a job panics.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    watch: impl Watch,
) -> io::Result<()> {
    run_on(&pool(workers)?, jobs, watch);
    Ok(())
}

/// A pool for [`run_on`]. A program has one and keeps it; rayon makes one by itself for those who
/// don't ask.
///
/// # Errors
/// If the system refuses a thread.
pub fn pool(workers: NonZeroUsize) -> io::Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers.get())
        .thread_name(|number| format!("rayon-{number}"))
        .build()
        // Its text holds its cause already.
        .map_err(|error| io::Error::other(error.to_string()))
}

/// [`run`] on a pool that is there already.
///
/// # Panics
/// If a job panics.
pub fn run_on(pool: &ThreadPool, jobs: impl Iterator<Item = Job> + Send, watch: impl Watch) {
    pool.install(|| {
        // A bridge, since jobs come lazily: a collection would be split without a lock.
        let _ = jobs.par_bridge().try_for_each(|job| {
            let answer = job.run_while(|numbers| watch.go_on(numbers))?;
            watch.done(job, answer);
            Some(())
        });
    });
}
