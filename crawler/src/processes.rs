//! Processes: threads fetch, as in [`threads`](crate::threads), and worker processes read the pages. A page
//! that crashes its reader costs a worker, not the crawl. The price: every body goes through a pipe.

use std::num::NonZeroUsize;

use executors::{Executor, JobType, ProcessPool};

use crate::crawl::{Crawl, Error};
use crate::reading::{Content, Reading};

/// The jobs that a program with this model passes to [`executors::hook`] in the first line of `main`.
pub const JOBS: &[JobType] = &[executors::job::<Reading>()];

impl executors::Job for Reading {
    type Output = Content;

    fn run(self) -> Content {
        Reading::run(&self)
    }
}

/// Crawls on `workers` threads that wait. As many processes as there are CPUs read the pages.
///
/// # Errors
/// If the system refuses a thread or a process.
pub fn run(crawl: &Crawl, workers: NonZeroUsize) -> Result<(), Error> {
    let cpus = std::thread::available_parallelism()?;
    let pool = ProcessPool::builder().workers(cpus.min(workers).get());
    run_on(
        &pool.build().map_err(std::io::Error::other)?,
        crawl,
        workers,
    )
}

/// The same with the caller's pool. Its workers must know [`JOBS`].
///
/// # Errors
/// If the system refuses a thread.
pub fn run_on(pool: &ProcessPool, crawl: &Crawl, workers: NonZeroUsize) -> Result<(), Error> {
    std::thread::scope(|scope| {
        for number in 1..workers.get() {
            let thread = std::thread::Builder::new().name(format!("crawler {number}"));
            thread.spawn_scoped(scope, || work(crawl, pool))?;
        }
        work(crawl, pool);
        Ok(())
    })
}

fn work(crawl: &Crawl, pool: &ProcessPool) {
    let _stop = crawl.stop_on_panic();
    while let Some(job) = crawl.take() {
        let Some(outcome) = crawl.fetch(&job) else {
            crawl.give_back(job);
            continue;
        };
        let content = crawl
            .reading(&job, &outcome)
            .map(|reading| read(pool, reading));
        crawl.complete(job, outcome, content);
    }
}

/// Reads a page in a worker. If the worker was killed, a second one reads it.
fn read(pool: &ProcessPool, reading: Reading) -> Content {
    let once = |reading| pool.submit(reading).and_then(|future| future.result());
    let read = once(reading.clone()).or_else(|_| once(reading));
    read.unwrap_or_else(|error| Content::lost(format!("it could not be read: {error}")))
}
