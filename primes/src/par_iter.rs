//! rayon: a parallel iterator over the jobs. Idle threads steal work from busy ones.

use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::job::Job;
use crate::watch::Watch;

/// Runs the jobs on a rayon pool of `workers` threads. `watch` is called on these threads.
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

/// A pool for [`run_on`]. A program usually has one pool and keeps it. Without a pool of its own,
/// it uses rayon's global one.
///
/// # Errors
/// If the system refuses a thread.
pub fn pool(workers: NonZeroUsize) -> io::Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers.get())
        .thread_name(|number| format!("rayon-{number}"))
        .build()
        // The text of this error already contains its cause.
        .map_err(|error| io::Error::other(error.to_string()))
}

/// Like [`run`], on an existing pool.
///
/// # Panics
/// If a job panics.
pub fn run_on(pool: &ThreadPool, jobs: impl Iterator<Item = Job> + Send, watch: impl Watch) {
    pool.install(|| {
        // `par_bridge`, because the jobs are created lazily. A collection could be split without a
        // lock.
        let _ = jobs.par_bridge().try_for_each(|job| {
            let answer = job.run_while(|numbers| watch.go_on(numbers))?;
            watch.done(job, answer);
            Some(())
        });
    });
}
