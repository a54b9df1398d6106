//! `as_completed`: results in the order in which they are ready.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::future::Future;
use crate::gate::Gate;
use crate::pool_id::PoolId;

/// Yields the result of each future as soon as it is ready, with the index of the future. The
/// futures may come from different pools.
///
/// # Examples
/// ```
/// use executors::{ThreadPool, as_completed};
///
/// # fn main() -> Result<(), executors::Error> {
/// let pool = ThreadPool::new(2)?;
/// let words = ["many", "hands", "work"];
/// let futures = words.iter().map(|word| pool.spawn(|| word.len())).collect::<Result<Vec<_>, _>>()?;
/// for (index, length) in as_completed(futures) {
///     println!("{} has {} letters", words[index], length?);
/// }
/// # Ok(()) }
/// ```
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    let gate = Arc::new(Gate::default());
    let futures: Vec<_> = futures.into_iter().map(Some).collect();
    for (index, future) in futures.iter().flatten().enumerate() {
        future.watch(index, &gate);
    }
    AsCompleted {
        left: futures.len(),
        futures,
        free: Vec::new(),
        gate,
        limit: None,
        timeout: Duration::ZERO,
        given_up: 0,
        checked: 0,
        checked_for: None,
    }
}

/// The iterator of [`as_completed`]. It yields each future exactly once.
pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
    left: usize,
    /// The indices of yielded futures, which can be used again.
    free: Vec<usize>,
    gate: Arc<Gate>,
    /// `Some(None)`: a limit that is too far in the future for an `Instant`.
    limit: Option<Option<Instant>>,
    timeout: Duration,
    /// The futures with a lower index have timed out, or were yielded before.
    given_up: usize,
    /// The futures with a lower index are known not to block this thread's own pool. They are not
    /// checked again.
    checked: usize,
    checked_for: Option<PoolId>,
}

impl<T> AsCompleted<T> {
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>, timeout: Duration) {
        (self.limit, self.timeout) = (Some(deadline), timeout);
    }

    /// Sets a time limit for the whole iteration, from now on. After that, each unfinished future
    /// is yielded as [`Error::TimedOut`]. Its job is not stopped.
    ///
    /// # Examples
    /// ```
    /// # use std::{sync::mpsc, time::Duration};
    /// # use executors::{Error, ThreadPool, as_completed};
    /// # fn main() -> Result<(), Error> {
    /// # let pool = ThreadPool::new(1)?;
    /// let (send, receive) = mpsc::channel::<()>();
    /// let stuck = pool.spawn(move || receive.recv().is_ok())?;
    /// let mut results = as_completed([stuck]).timeout(Duration::from_millis(1));
    /// assert!(matches!(results.next(), Some((0, Err(Error::TimedOut { .. })))));
    /// assert_eq!(results.next(), None);
    /// # drop(send);
    /// # Ok(()) }
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limit = Some(Instant::now().checked_add(timeout));
        self.timeout = timeout;
        self
    }

    /// Adds a future and returns its index, which may be that of a yielded future. If the caller
    /// pushes one future for each yielded one, an endless series of jobs uses constant memory, and
    /// no worker waits for the slowest job of a batch.
    ///
    /// # Examples
    /// ```
    /// use executors::{ThreadPool, as_completed};
    ///
    /// # fn main() -> Result<(), executors::Error> {
    /// let pool = ThreadPool::new(2)?;
    /// let (mut jobs, mut sum) = (1..=100_u64, 0);
    /// let first = jobs.by_ref().take(8).map(|n| pool.spawn(move || n));
    /// let mut results = as_completed(first.collect::<Result<Vec<_>, _>>()?);
    /// while let Some((_, n)) = results.next() {
    ///     sum += n?;
    ///     if let Some(n) = jobs.next() {
    ///         results.push(pool.spawn(move || n)?);
    ///     }
    /// }
    /// assert_eq!(sum, 5050);
    /// # Ok(()) }
    /// ```
    pub fn push(&mut self, future: Future<T>) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.futures.push(None);
            self.futures.len() - 1
        });
        future.watch(place, &self.gate);
        self.futures[place] = Some(future);
        self.left += 1;
        self.given_up = self.given_up.min(place);
        self.checked = self.checked.min(place);
        place
    }

    /// A future that this thread must not wait for, because it is needed to finish the job. All
    /// calls together check each future once.
    fn deadlocked(&mut self) -> Option<(usize, Result<T, Error>)> {
        let here = PoolId::of_this_thread();
        here?;
        if self.checked_for != here {
            (self.checked, self.checked_for) = (0, here);
        }
        while let Some(future) = self.futures.get(self.checked) {
            let place = self.checked;
            self.checked += 1;
            if let Some(Err(error)) = future.as_ref().map(Future::check_deadlock) {
                return Some(self.give_up(place, error));
            }
        }
        None
    }

    /// A future that is not done after the time limit. Each future is checked once.
    fn timed_out(&mut self) -> Option<(usize, Result<T, Error>)> {
        while let Some(future) = self.futures.get(self.given_up) {
            let place = self.given_up;
            self.given_up += 1;
            if future.is_some() {
                let after = self.timeout;
                return Some(self.give_up(place, Error::TimedOut { after }));
            }
        }
        None
    }

    fn give_up(&mut self, place: usize, error: Error) -> (usize, Result<T, Error>) {
        self.futures[place] = None;
        self.left -= 1;
        (place, Err(error))
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            if self.gate.is_empty()
                && let Some(stuck) = self.deadlocked()
            {
                return Some(stuck);
            }
            let Some(arrival) = self.gate.next(self.limit.flatten()) else {
                return self.timed_out();
            };
            // This future has timed out before, and its result arrives now: drop it.
            let Some(future) = self.futures[arrival.index].take() else {
                continue;
            };
            self.left -= 1;
            self.free.push(arrival.index);
            return Some((arrival.index, future.result()));
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> AsCompleted<T> {
    /// Cancels all jobs that have not started.
    pub(crate) fn cancel(&mut self) {
        for future in self.futures.drain(..).flatten() {
            future.cancel();
        }
        self.left = 0;
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
/// This holds until the next [`push`](AsCompleted::push).
impl<T> FusedIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
