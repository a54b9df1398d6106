//! `as_completed`: results in the order they are ready.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::future::Future;
use crate::gate::Gate;
use crate::pool_id::PoolId;

/// Yields the result of each future as soon as it is there, with the future's place among those
/// given. The futures may come from different pools.
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

/// The iterator of [`as_completed`]; each future is yielded exactly once.
pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
    left: usize,
    /// Places whose future has been yielded, and nothing will arrive for any more.
    free: Vec<usize>,
    gate: Arc<Gate>,
    /// `Some(None)`: a limit too far away to be a point in time.
    limit: Option<Option<Instant>>,
    timeout: Duration,
    /// The places below this have been given up, or yielded before.
    given_up: usize,
    /// The futures below this may be waited for by the threads of this pool (or by a thread of
    /// none): they are not looked at again.
    checked: usize,
    checked_for: Option<PoolId>,
}

impl<T> AsCompleted<T> {
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>, timeout: Duration) {
        (self.limit, self.timeout) = (Some(deadline), timeout);
    }

    /// How long the whole of it may take, from now on. When the time is up, whatever is not done
    /// is yielded as [`Error::TimedOut`]; its job is not stopped.
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

    /// Takes in one more future, and says its place: that of one which has been yielded, if there
    /// is any. With as many pushed as are yielded, an endless supply of jobs takes no more memory
    /// than those under way, and no worker waits for the slowest of a batch.
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

    /// A future that this thread must not wait for, as it is one of those that are to finish it.
    /// All calls together look at each future once.
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

    /// A future that is not done when the time is up. As above, each is looked at once.
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
            // One that was given up before has arrived after all: nobody waits for it now.
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
    /// Cancels whatever has not started.
    pub(crate) fn cancel(&mut self) {
        for future in self.futures.drain(..).flatten() {
            future.cancel();
        }
        self.left = 0;
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
/// Until the next [`push`](AsCompleted::push), that is.
impl<T> FusedIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
