//! async: one thread waits for all pages at once, and reads each as it comes. While it reads a page, no
//! other page makes progress: that is the price of one thread for both.

use std::cell::RefCell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::task::Poll;

use futures_util::{StreamExt, stream};
use tokio::runtime::Builder;

use crate::crawl::{Crawl, Error};
use crate::frontier::Next;

/// Crawls on the calling thread, with as many pages in flight as the crawl's politeness allows.
///
/// # Errors
/// If the runtime can't be made.
pub fn run(crawl: &Crawl, _workers: NonZeroUsize) -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let under_way = RefCell::new(HashMap::new());
        let mut tag = 0;
        let requests = stream::poll_fn(|_| match crawl.try_take() {
            Next::Job(job) => {
                tag += 1;
                let request = crawl.request(&job).tag(tag);
                under_way.borrow_mut().insert(tag, job);
                Poll::Ready(Some(request))
            }
            // Polled again after each page that is done; nothing else can change it.
            Next::Wait => Poll::Pending,
            Next::End => Poll::Ready(None),
        });
        let mut outcomes = crawl.fetcher().fetch_all(requests);
        loop {
            let outcome = tokio::select! {
                outcome = outcomes.next() => outcome,
                () = crawl.stopped() => None,
            };
            let Some(outcome) = outcome else { break };
            let job = under_way.borrow_mut().remove(&outcome.tag);
            if let Some(job) = job {
                let content = crawl.read(&job, &outcome);
                crawl.complete(job, outcome, content);
            }
        }
    });
    Ok(())
}
