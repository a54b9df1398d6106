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
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::job::Job;
use crate::longest_poll::LongestPoll;
use crate::watch::{self, Watch};

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
    watch: impl Watch,
) -> io::Result<()> {
    run_on(
        &runtime(workers)?,
        jobs,
        workers,
        watch,
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
    watch: impl Watch,
    longest_poll: &LongestPoll,
) {
    watch::with_proxy(
        &watch,
        || (),
        |proxy| {
            runtime.block_on(async {
                let mut running = JoinSet::new();
                let mut stopped = false;
                loop {
                    while running.len() < AHEAD * workers.get()
                        && !stopped
                        && let Some(job) = jobs.next()
                    {
                        let proxy = Arc::clone(proxy);
                        running.spawn(longest_poll.watch(async move {
                            let answer = job.run_while(|numbers| proxy.go_on(numbers));
                            (job, answer)
                        }));
                    }
                    match running.join_next().await {
                        Some(Ok((job, Some(answer)))) => watch.done(job, answer),
                        // It was told to stop, as will be those that run.
                        Some(Ok((_, None))) => stopped = true,
                        Some(Err(error)) => panic::resume_unwind(error.into_panic()),
                        None => break,
                    }
                }
            })
        },
    );
}
