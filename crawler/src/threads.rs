//! Threads: each takes a page, waits for it, reads it, and takes the next. The frontier makes a
//! thread wait while there is nothing to do, and sends it home when there will be nothing more.

use std::num::NonZeroUsize;

use tokio::runtime::{Builder, Handle};

use crate::crawl::{Crawl, Error};

/// Crawls on `workers` threads, each of which waits for its page and does nothing else meanwhile.
///
/// # Errors
/// If the system refuses a thread; those that are there do the work then.
pub fn run(crawl: &Crawl, workers: NonZeroUsize) -> Result<(), Error> {
    // One thread hears of all sockets; those that work only wait to be woken.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let handle = runtime.handle();
    std::thread::scope(|scope| {
        for number in 1..workers.get() {
            let thread = std::thread::Builder::new().name(format!("crawler {number}"));
            thread.spawn_scoped(scope, || work(crawl, handle))?;
        }
        work(crawl, handle);
        Ok(())
    })
}

fn work(crawl: &Crawl, handle: &Handle) {
    let _stop = crawl.stop_on_panic();
    while let Some(job) = crawl.take() {
        let Some(outcome) = handle.block_on(crawl.fetch(&job)) else {
            crawl.give_back(job);
            continue;
        };
        let content = crawl.read(&job, &outcome);
        crawl.complete(job, outcome, content);
    }
}
