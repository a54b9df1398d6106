//! One page after the other: what every other model is measured against.

use std::num::NonZeroUsize;

use tokio::runtime::Builder;

use crate::crawl::{Crawl, Error};

/// Crawls on the calling thread, whatever the number of workers.
///
/// # Errors
/// If the system refuses what a runtime needs.
pub fn run(crawl: &Crawl, _workers: NonZeroUsize) -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    while let Some(job) = crawl.take() {
        let Some(outcome) = runtime.block_on(crawl.fetch(&job)) else {
            crawl.give_back(job);
            continue;
        };
        let content = crawl.read(&job, &outcome);
        crawl.complete(job, outcome, content);
    }
    Ok(())
}
