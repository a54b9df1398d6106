//! async, done wrong: computing inside the tasks. Do not copy this file: diff it with
//! `async_tasks.rs`. What differs is the runtime's threads, and where the job runs: `spawn` for
//! `spawn_blocking`.
//!
//! The answers are right and the time is no worse; what suffers is everything else on the runtime.
//! A task gives way only at an `.await`, and here there is none for the length of a job: timers,
//! sockets and other tasks wait that long. [`LongestPoll`] tells how long.

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

/// Runs the jobs inside tasks, on `workers` of the runtime's own threads.
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

/// A runtime with `workers` threads for its tasks, for [`run_on`].
///
/// # Errors
/// If the system refuses it.
pub fn runtime(workers: NonZeroUsize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(workers.get())
        .thread_name("tokio-worker")
        .build()
}

/// [`run`] on a runtime that is there already, telling how long its threads were kept from other
/// tasks.
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
    runtime.block_on(async {
        let mut running = JoinSet::new();
        loop {
            while running.len() < AHEAD * workers.get()
                && let Some(job) = jobs.next()
            {
                running.spawn(longest_poll.watch(async move {
                    let answer = job.run();
                    (job, answer)
                }));
            }
            match running.join_next().await {
                Some(Ok((job, answer))) => done(job, answer),
                Some(Err(error)) => panic::resume_unwind(error.into_panic()),
                None => break,
            }
        }
    });
}
