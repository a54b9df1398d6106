//! async, done right: the runtime only waits; the computing happens on threads made for blocking.
//!
//! async buys nothing for work like this: it is for waiting. But a server that must also compute
//! does it so, and its longest poll stays in microseconds.

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

/// Runs the jobs as tasks on `workers` blocking threads. `watch` is told on the calling thread.
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
    watch: impl Watch,
    longest_poll: &LongestPoll,
) {
    watch::with_proxy(
        &watch,
        || (),
        |proxy| {
            runtime.block_on(longest_poll.watch(async {
                let mut running = JoinSet::new();
                let mut stopped = false;
                loop {
                    // tokio's queue for blocking work has no bound: this is it.
                    while running.len() < AHEAD * workers.get()
                        && !stopped
                        && let Some(job) = jobs.next()
                    {
                        let proxy = Arc::clone(proxy);
                        running.spawn_blocking(move || {
                            let answer = job.run_while(|numbers| proxy.go_on(numbers));
                            (job, answer)
                        });
                    }
                    match running.join_next().await {
                        Some(Ok((job, Some(answer)))) => watch.done(job, answer),
                        // It was told to stop, as will be those that run.
                        Some(Ok((_, None))) => stopped = true,
                        Some(Err(error)) => panic::resume_unwind(error.into_panic()),
                        None => break,
                    }
                }
            }))
        },
    );
}
