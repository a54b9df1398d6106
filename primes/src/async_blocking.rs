//! async, done wrong: computing inside the tasks. Do not copy this file.
//!
//! The answers are right and the time is no worse; what suffers is everything else on the runtime.
//! A task gives way only at an `.await`, and here there is none for the length of a job: timers,
//! sockets and other tasks wait that long. [`LongestPoll`] tells how long.

use std::num::NonZeroUsize;
use std::panic;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::job::Job;
use crate::longest_poll::LongestPoll;

/// Runs the jobs inside tasks, on `workers` of the runtime's own threads.
///
/// # Errors
/// If the system refuses the runtime.
///
/// # Panics
/// If a job panics.
pub fn run(
    mut jobs: impl Iterator<Item = Job>,
    workers: NonZeroUsize,
    done: impl Fn(Job, u64),
    longest_poll: &LongestPoll,
) -> Result<(), Error> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers.get())
        .thread_name("tokio-worker")
        .build()
        .map_err(Error::start("a tokio runtime"))?;
    runtime.block_on(async {
        let mut running = JoinSet::new();
        loop {
            while running.len() < 2 * workers.get()
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
    Ok(())
}
