//! async, done right: tasks only wait, and blocking threads compute.
//!
//! async does not make this work faster: async is for waiting. But a server that must also compute
//! does it this way, and its longest poll stays within microseconds.

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

/// Runs the jobs as tasks on `workers` blocking threads. `watch` is called on the calling thread.
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

/// A runtime with at most `workers` blocking threads, for [`run_on`]. tokio's own limit is 512, far
/// too many for work that computes.
///
/// # Errors
/// If the system refuses to start it.
pub fn runtime(workers: NonZeroUsize) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .max_blocking_threads(workers.get())
        .thread_name("tokio-blocking")
        .build()
}

/// Like [`run`], on an existing runtime. `longest_poll` gets the longest time that a task kept the
/// thread from other tasks.
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
                    // tokio's queue for blocking work is unbounded. This loop is the bound.
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
                        // `watch` said to stop. The jobs that still run will stop too.
                        Some(Ok((_, None))) => stopped = true,
                        Some(Err(error)) => panic::resume_unwind(error.into_panic()),
                        None => break,
                    }
                }
            }))
        },
    );
}
