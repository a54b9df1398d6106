//! Threads with a blocking client: each thread waits for one page. So there are as many pages in flight as
//! threads.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fetches the pages on `at_once` threads. `done` is called on them. A page may have 10 MiB, the limit of
/// ureq.
///
/// # Errors
/// If a page fails, or the system refuses a thread; the other pages are fetched all the same. An error of
/// `done` ends its thread.
///
/// # Panics
/// If `done` does.
pub fn run(
    urls: &[String],
    at_once: usize,
    done: impl Fn(usize, Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // The pages are on this machine: a proxy could not reach them.
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut failure = None;
        // A free thread takes the next page.
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(url) = urls.get(number)
        {
            let fetched = agent
                .get(url)
                .call()
                .and_then(|mut page| page.body_mut().read_to_vec());
            match fetched {
                Ok(body) => done(number, body)?,
                Err(error) => failure = Some(error.into()),
            }
        }
        failure.map_or(Ok(()), Err)
    };
    thread::scope(|scope| {
        let threads: Result<Vec<_>, _> = (0..at_once)
            .map(|_| thread::Builder::new().spawn_scoped(scope, work))
            .collect();
        for thread in threads? {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })
}
