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

use crate::constellation::Constellation;
use crate::job::Job;
use crate::watch::{self, Watch};

/// The job types that worker processes must know: `main` begins with
/// `executors::hook(processes::JOBS)`.
pub const JOBS: &[JobType] = &[executors::job::<Job>()];

impl executors::Job for Job {
    type Output = u64;

    const NAME: &'static str = "primes";
    const VERSION: u32 = 1;

    fn samples() -> Vec<Job> {
        let what = Constellation::Single;
        let (start, stop) = (1, 300);
        vec![Job::Check(300), Job::Count { start, stop, what }]
    }

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
    // A worker process can't be asked to stop, so it is killed.
    let end = || {
        let _ = pool.kill();
    };
    run_with(pool, end, jobs, watch)
}

/// [`run`] on any executor whose jobs run in other processes, here or on other machines. `end` ends what it
/// runs.
///
/// # Errors
/// The first error of a job; `end` has been called then.
pub fn run_with(
    pool: &impl Executor,
    end: impl Fn() + Sync,
    jobs: impl Iterator<Item = Job> + Send,
    watch: impl Watch,
) -> io::Result<()> {
    // The answers come in the order of the jobs, but without the jobs. The pool looks ahead a
    // limited number of jobs, so this queue stays short.
    let under_way = RefCell::new(VecDeque::new());
    let jobs = jobs.inspect(|job| under_way.borrow_mut().push_back(job.clone()));
    let stopped = AtomicBool::new(false);
    let stop = || {
        stopped.store(true, Ordering::Relaxed);
        end();
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
            end();
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
