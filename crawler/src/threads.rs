//! Threads: each takes a page, waits for it, reads it, and takes the next. The frontier makes a
//! thread wait while there is nothing to do, and sends it home when there will be nothing more.
//!
//! The client blocks: a thread that waits for its page can do nothing else, and a thread whose host has
//! enough in flight waits as well. That is the price of a thread for each page.

use std::num::NonZeroUsize;

use crate::crawl::{Crawl, Error};

/// Crawls on `workers` threads, each of which waits for its page and does nothing else meanwhile.
///
/// # Errors
/// If the system refuses a thread; those that are there do the work then.
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
