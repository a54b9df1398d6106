//! async, done wrong: the tasks compute. Do not copy this file; compare it with `async_tasks.rs`.
//! Two things differ: the number of the runtime's threads, and the place of the work (`spawn`
//! instead of `spawn_blocking`).
//!
//! The answers are right and the total time is not longer, but all other tasks of the runtime wait.
//! A task gives way only at an `.await`, and during a job there is none: timers, sockets and other
//! tasks wait for its end. [`LongestPoll`] measures how long.

use std::io;
use std::num::NonZeroUsize;
use std::panic;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::job::Job;
use crate::longest_poll::LongestPoll;
use crate::watch::{self, Watch};

/// Jobs under way per worker: one that runs, and one that is ready to run next. More would only use
/// memory.
const AHEAD: usize = 2;

/// Runs the jobs inside tasks, on `workers` threads of the runtime.
///
/// # Errors
/// If the system refuses to start the runtime.
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
/// If the system refuses to start it.
pub fn runtime(workers: NonZeroUsize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(workers.get())
        .thread_name("tokio-worker")
        .build()
}

/// Like [`run`], on an existing runtime. `longest_poll` gets the longest time that a task kept a thread
/// from other tasks.
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
                        // `watch` said to stop. The jobs that still run will stop too.
                        Some(Ok((_, None))) => stopped = true,
                        Some(Err(error)) => panic::resume_unwind(error.into_panic()),
                        None => break,
                    }
                }
            })
        },
    );
}
