//! Measures how long a task kept its runtime from other tasks: the longest time between two
//! `.await`s.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The longest poll of all watched futures. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct LongestPoll(Arc<AtomicU64>);

impl LongestPoll {
    /// The longest poll so far.
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Wraps a future, and measures the time of each poll.
    ///
    /// ```
    /// use primes::longest_poll::LongestPoll;
    /// use std::time::Duration;
    ///
    /// let longest = LongestPoll::default();
    /// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// runtime.block_on(longest.watch(async { primes::trial_division::is_prime(982_451_653) }));
    /// assert!(longest.get() > Duration::ZERO);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn watch<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let longest = Arc::clone(&self.0);
        async move {
            let mut future = pin!(future);
            poll_fn(|context| {
                let start = Instant::now();
                let poll = future.as_mut().poll(context);
                longest.fetch_max(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
                poll
            })
            .await
        }
    }
}
