//! Processes: a pool of copies of this program. In Python this avoids the lock. In Rust it gives
//! isolation, not speed.
//!
//! The room `executors` explains worker processes, and how jobs and answers travel. The smallest
//! program that starts itself again is `examples/library_processes.rs`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use executors::{Executor, JobType, ProcessPool};

use crate::job::Job;
use crate::watch::{self, Watch};

/// The job types that worker processes must know: `main` begins with
/// `executors::hook(processes::JOBS)`.
pub const JOBS: &[JobType] = &[executors::job::<Job>()];

impl executors::Job for Job {
    type Output = u64;

    fn run(self) -> u64 {
        Job::run(&self)
    }
}

/// Runs the jobs in `workers` processes. `watch` is called on the calling thread.
///
/// # Errors
/// If a worker can't be started, or dies. Then the other workers are ended too.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    watch: impl Watch,
) -> io::Result<()> {
    run_on(&pool(workers)?, jobs, watch)
}

/// A pool for [`run_on`].
///
/// # Errors
/// If `main` does not begin with the hook.
pub fn pool(workers: NonZeroUsize) -> io::Result<ProcessPool> {
    ProcessPool::builder()
        .workers(workers.get())
        .build()
        .map_err(io::Error::other)
}

/// Like [`run`], on an existing pool.
///
/// # Errors
/// If a worker can't be started, or dies. Then the pool is killed.
pub fn run_on(
    pool: &ProcessPool,
    jobs: impl Iterator<Item = Job> + Send,
    watch: impl Watch,
) -> io::Result<()> {
    // The answers come in the order of the jobs, but without the jobs. The pool looks ahead a
    // limited number of jobs, so this queue stays short.
    let under_way = RefCell::new(VecDeque::new());
    let jobs = jobs.inspect(|job| under_way.borrow_mut().push_back(job.clone()));
    // A worker process can't be asked to stop, so it is killed.
    let stopped = AtomicBool::new(false);
    let stop = || {
        stopped.store(true, Ordering::Relaxed);
        let _ = pool.kill();
    };
    watch::with_proxy(&watch, stop, |_| {
        take_answers(pool.map(jobs), &under_way, |job, answer| {
            watch.done(job, answer)
        })
    })
    .or_else(|error| match stopped.load(Ordering::Relaxed) {
        true => Ok(()),
        false => {
            // The first error is reported.
            let _ = pool.kill();
            Err(error)
        }
    })
}

fn take_answers(
    answers: impl Iterator<Item = Result<u64, executors::Error>>,
    under_way: &RefCell<VecDeque<Job>>,
    done: impl Fn(Job, u64),
) -> io::Result<()> {
    for answer in answers {
        let Some(job) = under_way.borrow_mut().pop_front() else {
            break;
        };
        match answer {
            Ok(answer) => done(job, answer),
            Err(error) => {
                return Err(io::Error::other(format!("{error}, working on \"{job}\"")));
            }
        }
    }
    Ok(())
}
