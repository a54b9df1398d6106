//! An executor whose workers are threads of this process. It only knows closures; `job_threads.rs`
//! adds [`Job`](crate::Job)s.

mod builder;
mod call;
mod core;

pub use self::builder::ThreadPoolBuilder;
#[cfg(feature = "processes")]
pub(crate) use self::call::Task;
pub(crate) use self::core::Core;

use std::fmt;
use std::sync::Arc;
use std::thread;

use crate::counters::Counters;
use crate::error::Error;
use crate::future::Future;
use crate::map::{self, Map};
use crate::panics;
use crate::patience::Patience;
use crate::refused::Refused;
use crate::workers;

/// The queue's default limit in jobs: a full queue needs about a megabyte for its entries.
pub const DEFAULT_QUEUE_LIMIT: usize = 8192;

/// A pool of threads that take jobs from one queue, first in first out.
///
/// It is for CPU-bound work, or to keep blocking calls away from the threads of an async runtime.
/// It takes closures, which share the program's memory. With the feature `processes` it is also an
/// executor of jobs.
///
/// Dropping a pool waits for all its jobs. A pool in a `static` is never dropped, and
/// [`std::process::exit`] drops nothing: then pending and running jobs end with the program, unless
/// [`at_exit`](ThreadPoolBuilder::at_exit) says otherwise.
///
/// # Examples
/// ```
/// use executors::ThreadPool;
///
/// # fn main() -> Result<(), executors::Error> {
/// let pool = ThreadPool::new(2)?;
/// let (a, b) = (pool.spawn(|| 20)?, pool.spawn(|| 22)?);
/// assert_eq!(a.result()? + b.result()?, 42);
/// # Ok(()) }
/// ```
pub struct ThreadPool {
    core: Arc<Core>,
}

impl ThreadPool {
    /// A pool with this number of threads.
    ///
    /// # Errors
    /// As [`ThreadPoolBuilder::build`].
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// A builder for a pool with options.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    /// Submits a closure. If the queue is full, it blocks.
    ///
    /// # Errors
    /// [`Error::ShutDown`] or [`Error::PoolBroken`]; [`Error::QueueFull`] if the queue is full and
    /// this thread is a worker of the pool, because there would never be space if all workers
    /// waited for it.
    pub fn spawn<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Future<T>, Error> {
        self.core.enqueue(Patience::Forever, || call)
    }

    /// Submits a closure, unless the queue is full.
    ///
    /// # Errors
    /// As [`spawn`](ThreadPool::spawn), with [`Error::QueueFull`] instead of blocking. The error
    /// contains the closure.
    ///
    /// # Examples
    /// ```
    /// # use std::sync::mpsc;
    /// # use executors::{Error, ThreadPool};
    /// # fn main() -> Result<(), Error> {
    /// let pool = ThreadPool::builder().workers(1).queue_limit(1).build()?;
    /// let (started, wait_for_start) = mpsc::channel();
    /// let (go_on, wait) = mpsc::channel::<()>();
    /// let busy = pool.spawn(move || { started.send(()).unwrap(); wait.recv() })?;
    /// wait_for_start.recv().unwrap();
    /// let queued = pool.spawn(|| ())?;
    /// let refused = pool.try_spawn(|| ()).unwrap_err();
    /// assert_eq!(refused.error, Error::QueueFull { limit: 1 });
    /// # drop(go_on); let _ = (busy.result(), queued.result());
    /// # Ok(()) }
    /// ```
    pub fn try_spawn<T, F>(&self, call: F) -> Result<Future<T>, Refused<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.enqueue_or_return(Patience::Never, call, |call| call)
    }

    /// Calls a closure for all items of an iterator, and yields the results in order.
    ///
    /// It is lazy: nothing is submitted before the first [`next`](Iterator::next), and at most
    /// [`buffer`](Map::buffer) items are submitted ahead of the results. So the iterator may be
    /// endless. Dropping the map cancels the calls that have not started.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(2)?;
    /// let words = ["many", "hands"].map(String::from);
    /// let lengths: Vec<usize> = pool.map_fn(words, |word| word.len()).collect::<Result<_, _>>()?;
    /// assert_eq!(lengths, [4, 5]);
    /// # Ok(()) }
    /// ```
    pub fn map_fn<I, T>(
        &self,
        items: I,
        call: impl Fn(I::Item) -> T + Send + Sync + 'static,
    ) -> Map<'_, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        T: Send + 'static,
    {
        let call = Arc::new(call);
        let ahead = || map::AHEAD * self.workers();
        Map::ordered(items.into_iter(), ahead, move |items, patience| {
            let call = Arc::clone(&call);
            self.core
                .enqueue(patience, || move || run_each(items, |item| call(item)))
        })
    }

    /// Like [`map_fn`](ThreadPool::map_fn), with the results in the order in which they are ready:
    /// a quick call does not wait for a slow one before it.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(2)?;
    /// let mut squares: Vec<u32> =
    ///     pool.map_fn_unordered(0..5, |n| n * n).collect::<Result<_, _>>()?;
    /// squares.sort();
    /// assert_eq!(squares, [0, 1, 4, 9, 16]);
    /// # Ok(()) }
    /// ```
    pub fn map_fn_unordered<I, T>(
        &self,
        items: I,
        call: impl Fn(I::Item) -> T + Send + Sync + 'static,
    ) -> Map<'_, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        T: Send + 'static,
    {
        self.map_fn(items, call).unordered()
    }

    /// Changes the number of threads. Surplus threads end after their current job.
    ///
    /// # Errors
    /// [`Error::NoWorkers`] or [`Error::TooManyWorkers`]; [`Error::Spawn`] if a thread can't be
    /// started: the pool then has as many threads as could be started.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// let pool = executors::ThreadPool::new(1)?;
    /// pool.resize(4)?;
    /// assert_eq!(pool.workers(), 4);
    /// # Ok(()) }
    /// ```
    pub fn resize(&self, workers: usize) -> Result<(), Error> {
        self.core.resize(workers::count(Some(workers))?)
    }

    /// How many jobs may run at the same time.
    pub fn workers(&self) -> usize {
        self.core.queue.wanted()
    }

    /// The number of pending jobs.
    pub fn pending(&self) -> usize {
        self.core.queue.len()
    }

    /// The pool's counters.
    pub fn counters(&self) -> Counters {
        let counted = self.core.queue.counted();
        Counters {
            submitted: counted.submitted,
            started: counted.started,
            cancelled: counted.cancelled,
            ..Counters::default()
        }
    }

    /// Stops accepting jobs. Pending jobs still run, or with `cancel_pending` end as
    /// [`Error::Cancelled`]; running jobs continue to their end. With `wait`, it returns when all
    /// of that is done and every thread has ended; without, at once.
    ///
    /// Dropping a pool is `shutdown(true, false)`, or during a panic `shutdown(true, true)`.
    ///
    /// # Errors
    /// [`Error::Deadlock`] if a worker of the pool would wait for its own end. The shutdown then
    /// continues without the wait.
    pub fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.core.shutdown(wait, cancel_pending)
    }

    /// Queues the call that `wrap` makes from `input`, or returns the input.
    pub(crate) fn enqueue_or_return<I, T, F>(
        &self,
        patience: Patience,
        input: I,
        wrap: impl FnOnce(I) -> F,
    ) -> Result<Future<T>, Refused<I>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let mut input = Some(input);
        let mut wrap = Some(wrap);
        let result = self.core.enqueue(patience, || {
            let (input, wrap) = input.take().zip(wrap.take()).expect("called once");
            wrap(input)
        });
        match (result, input) {
            (Err(error), Some(job)) => Err(Refused { job, error }),
            (result, _) => Ok(result.expect("the input was taken, so it was queued")),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

/// Calls `call` for each item. A panic becomes the result of its own item.
pub(crate) fn run_each<I, T>(items: Vec<I>, call: impl Fn(I) -> T) -> Vec<Result<T, Error>> {
    items
        .into_iter()
        .map(|item| panics::catch(|| call(item)).map_err(Error::from))
        .collect()
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        // The last owner may be a job of this pool. Then there is no wait, and the threads end by
        // themselves.
        let _ = self.shutdown(true, thread::panicking());
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("workers", &self.workers())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
