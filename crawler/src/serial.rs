//! Serial: one page after the other, by a blocking client. It is the baseline of the other models.

use std::num::NonZeroUsize;

use crate::crawl::{Crawl, Error};

/// Crawls on the calling thread, whatever the number of workers.
///
/// # Errors
/// None. It has the signature of the other models.
pub fn run(crawl: &Crawl, _workers: NonZeroUsize) -> Result<(), Error> {
    while let Some(job) = crawl.take() {
        let Some(outcome) = crawl.fetch(&job) else {
            crawl.give_back(job);
            continue;
        };
        let content = crawl.read(&job, &outcome);
        crawl.complete(job, outcome, content);
    }
    Ok(())
}
