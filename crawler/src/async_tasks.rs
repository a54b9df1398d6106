//! async: one thread waits for all pages at once, and reads each as it comes. While it reads, it
//! waits for nothing: that is the price of doing both on one thread.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::task::Poll;

use futures_util::{StreamExt, stream};
use tokio::runtime::Builder;

use crate::crawl::{Crawl, Error};
use crate::frontier::Next;

/// Crawls on the calling thread, with as many pages in flight as the crawl's politeness allow.
///
/// # Errors
/// If the system refuses what a runtime needs.
pub fn run(crawl: &Crawl, _workers: NonZeroUsize) -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut under_way = HashMap::new();
        let (hand_over, mut taken) = tokio::sync::mpsc::unbounded_channel();
        let mut tag = 0;
        let requests = stream::poll_fn(move |_| match crawl.try_take() {
            Next::Job(job) => {
                tag += 1;
                let request = crawl.request(&job).tag(tag);
                // The other end is in the same function.
                let _ = hand_over.send((tag, job));
                Poll::Ready(Some(request))
            }
            // Asked again after each page that is done, and nothing else can change it.
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
            while let Ok((tag, job)) = taken.try_recv() {
                under_way.insert(tag, job);
            }
            if let Some(job) = under_way.remove(&outcome.tag) {
                let content = crawl.read(&job, &outcome);
                crawl.complete(job, outcome, content);
            }
        }
    });
    Ok(())
}
