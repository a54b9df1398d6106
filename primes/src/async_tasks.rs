//! async, done right: the runtime only waits; the computing happens on threads made for blocking.
//!
//! async buys nothing for work like this: it is for waiting. But a server that must also compute
//! does it so, and its longest poll stays in microseconds.

use std::io;
use std::num::NonZeroUsize;
use std::panic;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::job::Job;
use crate::longest_poll::LongestPoll;

/// Jobs under way for each worker: the one it computes, and one to go on with. More would only be
/// memory.
const AHEAD: usize = 2;

/// Runs the jobs as tasks on `workers` blocking threads. `done` is called on the calling thread.
///
/// # Errors
/// If the system refuses the runtime.
///
/// # Panics
/// If a job panics.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Job, u64) + Sync,
) -> io::Result<()> {
    run_on(
        &runtime(workers)?,
        jobs,
        workers,
        done,
        &LongestPoll::default(),
    );
    Ok(())
}

/// A runtime with at most `workers` threads for blocking work, for [`run_on`]. tokio's own limit is
/// 512: far too many for work that computes.
///
/// # Errors
/// If the system refuses it.
pub fn runtime(workers: NonZeroUsize) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .max_blocking_threads(workers.get())
        .thread_name("tokio-blocking")
        .build()
}

/// [`run`] on a runtime that is there already, telling how long it was kept from its other tasks.
///
/// # Panics
/// If a job panics.
pub fn run_on(
    runtime: &Runtime,
    mut jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Job, u64) + Sync,
    longest_poll: &LongestPoll,
) {
    runtime.block_on(longest_poll.watch(async move {
        let mut running = JoinSet::new();
        loop {
            // tokio's queue for blocking work has no bound: this is it.
            while running.len() < AHEAD * workers.get()
                && let Some(job) = jobs.next()
            {
                running.spawn_blocking(move || {
                    let answer = job.run();
                    (job, answer)
                });
            }
            match running.join_next().await {
                Some(Ok((job, answer))) => done(job, answer),
                Some(Err(error)) => panic::resume_unwind(error.into_panic()),
                None => break,
            }
        }
    }));
}
