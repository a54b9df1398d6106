//! Threads: each takes a page, waits for it, reads it, and takes the next one. If the queue is empty, the
//! frontier makes a thread wait. At the end of the crawl the threads return.
//!
//! The client blocks: a thread that waits for its page does nothing else, and a thread whose host has enough
//! requests in flight waits as well. That is the price of a thread for each page.

use std::num::NonZeroUsize;

use crate::crawl::{Crawl, Error};

/// Crawls on `workers` threads.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(crawl: &Crawl, workers: NonZeroUsize) -> Result<(), Error> {
    std::thread::scope(|scope| {
        for number in 1..workers.get() {
            let thread = std::thread::Builder::new().name(format!("crawler {number}"));
            thread.spawn_scoped(scope, || work(crawl))?;
        }
        work(crawl);
        Ok(())
    })
}

fn work(crawl: &Crawl) {
    let _stop = crawl.stop_on_panic();
    while let Some(job) = crawl.take() {
        let Some(outcome) = crawl.fetch(&job) else {
            crawl.give_back(job);
            continue;
        };
        let content = crawl.read(&job, &outcome);
        crawl.complete(job, outcome, content);
    }
}
