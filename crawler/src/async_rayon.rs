//! async with rayon: one thread waits for all pages at once, and a rayon pool reads those that have come. So
//! computing does not delay the waiting thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::{StreamExt, stream};
use tokio::runtime::Builder;
use tokio::sync::Notify;

use crate::crawl::{Crawl, Error};
use crate::frontier::Next;

/// Bytes of bodies that may wait to be read. If there are more, no page is fetched. This is about a hundred
/// pages: enough to keep the pool busy, and little memory.
pub const AHEAD: usize = 4 << 20;

/// Crawls with as many pages in flight as the crawl's politeness allows. As many threads as there are CPUs
/// read the pages.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(crawl: &Crawl, _workers: NonZeroUsize) -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let cpus = std::thread::available_parallelism()?.get();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(cpus)
        .thread_name(|number| format!("reader {number}"))
        .build()
        .map_err(std::io::Error::other)?;
    let (reading, read) = (AtomicUsize::new(0), Notify::new());
    pool.in_place_scope_fifo(|scope| {
        runtime.block_on(async {
            let under_way = RefCell::new(HashMap::new());
            let mut tag = 0;
            let reading = &reading;
            let requests = stream::poll_fn(|_| {
                if reading.load(Ordering::Relaxed) >= AHEAD {
                    return Poll::Pending;
                }
                match crawl.try_take() {
                    Next::Job(job) => {
                        tag += 1;
                        let request = crawl.request(&job).tag(tag);
                        under_way.borrow_mut().insert(tag, job);
                        Poll::Ready(Some(request))
                    }
                    // `read` wakes this stream after each page that is done.
                    Next::Wait => Poll::Pending,
                    Next::End => Poll::Ready(None),
                }
            });
            let mut outcomes = crawl.fetcher().fetch_all(requests);
            loop {
                let outcome = tokio::select! {
                    outcome = outcomes.next() => outcome,
                    () = read.notified() => continue,
                    () = crawl.stopped() => None,
                };
                let Some(outcome) = outcome else { break };
                let Some(job) = under_way.borrow_mut().remove(&outcome.tag) else {
                    continue;
                };
                let size = outcome
                    .result
                    .as_ref()
                    .map_or(0, |answer| answer.bytes().len());
                reading.fetch_add(size, Ordering::Relaxed);
                let read = &read;
                scope.spawn_fifo(move |_| {
                    let _stop = crawl.stop_on_panic();
                    let content = crawl.read(&job, &outcome);
                    crawl.complete(job, outcome, content);
                    reading.fetch_sub(size, Ordering::Relaxed);
                    read.notify_one();
                });
            }
        });
    });
    Ok(())
}
