//! The trait of thread pools, process pools and other executors.

use std::sync::Arc;

use crate::counters::Counters;
use crate::encoded::{self, EncodedExecutor};
use crate::error::Error;
use crate::future::Future;
use crate::job::Job;
use crate::map::Map;
use crate::options::Options;
use crate::patience::Patience;
use crate::refused::Refused;

/// Runs jobs and returns their futures. The workers may be threads, processes or other machines;
/// the caller does not need to know.
///
/// A reference to an executor is an executor too, and so are `Arc` and `Box` of one. A new executor
/// implements [`EncodedExecutor`], and of this trait only [`encoded`](Executor::encoded).
///
/// # Examples
/// ```
/// use executors::{Error, Executor, Job, ThreadPool};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
/// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
///
/// fn sum_of_squares(pool: &impl Executor) -> Result<u64, Error> {
///     pool.map((1..=10).map(Square)).sum()
/// }
/// assert_eq!(sum_of_squares(&ThreadPool::new(2)?), Ok(385));
/// # Ok::<(), Error>(())
/// ```
pub trait Executor: Send + Sync {
    /// The same executor for encoded jobs: the form that can be a trait object.
    ///
    /// # Examples
    /// ```
    /// use executors::{EncodedExecutor, Error, Executor, Job, ProcessPool, ThreadPool, job};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    ///
    /// # fn main() -> Result<(), Error> {
    /// executors::hook(&[job::<Square>()]);
    /// let executors: [Box<dyn EncodedExecutor>; 2] =
    ///     [Box::new(ThreadPool::new(1)?), Box::new(ProcessPool::new(1)?)];
    /// for executor in executors {
    ///     assert_eq!(executor.submit(Square(12))?.result(), Ok(144));
    /// }
    /// # Ok(()) }
    /// ```
    fn encoded(&self) -> &dyn EncodedExecutor;

    /// Submits a job. If the queue is full, it blocks until there is space.
    ///
    /// # Errors
    /// [`Error::ShutDown`] or [`Error::PoolBroken`]; [`Error::QueueFull`] if the queue is full and
    /// this thread is a worker of the pool, because there would never be space if all workers
    /// waited for it; from a process pool also [`Error::NotRegistered`], [`Error::TooLarge`] and
    /// [`Error::Codec`].
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ThreadPool};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # let pool = ThreadPool::new(2)?;
    /// assert_eq!(pool.submit(Square(12))?.result(), Ok(144));
    /// # Ok::<(), Error>(())
    /// ```
    fn submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Error> {
        self.submit_with(job, &Options::new())
    }

    /// Submits a job with options; see [`Options`].
    ///
    /// # Errors
    /// As [`submit`](Executor::submit); [`Error::Unsupported`] for an option that this executor
    /// does not have; [`Error::KeyInUse`].
    fn submit_with<J: Job>(&self, job: J, options: &Options) -> Result<Future<J::Output>, Error> {
        encoded::submit_one(self.encoded(), &job, options)
    }

    /// Submits a job, unless the queue is full.
    ///
    /// # Errors
    /// As [`submit`](Executor::submit), with [`Error::QueueFull`] instead of blocking. The error
    /// contains the job.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ThreadPool};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # let pool = ThreadPool::new(2)?;
    /// match pool.try_submit(Square(12)) {
    ///     Ok(future) => assert_eq!(future.result(), Ok(144)),
    ///     Err(refused) => println!("later, then: {} still to be squared", refused.job.0),
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    fn try_submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Refused<J>> {
        let options = Options::new().patience(Patience::Never);
        encoded::submit_one(self.encoded(), &job, &options).map_err(|error| Refused { job, error })
    }

    /// Submits many jobs as one chunk: one place in the queue, one message, one worker, and one
    /// future with all the results in order. It is cheaper for tiny jobs. Cancelling, time limits
    /// and the worker's death affect the whole chunk; a panic affects only its own job.
    ///
    /// # Errors
    /// As [`submit`](Executor::submit).
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ThreadPool};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # let pool = ThreadPool::new(2)?;
    /// let squares = pool.submit_batch(vec![Square(1), Square(2)])?.result()?;
    /// assert_eq!(squares, [Ok(1), Ok(4)]);
    /// # Ok::<(), Error>(())
    /// ```
    fn submit_batch<J: Job>(&self, jobs: Vec<J>) -> Result<Future<BatchOutput<J>>, Error> {
        self.submit_batch_with(jobs, &Options::new())
    }

    /// Submits many jobs as one chunk, with options.
    ///
    /// # Errors
    /// As [`submit_with`](Executor::submit_with).
    fn submit_batch_with<J: Job>(
        &self,
        jobs: Vec<J>,
        options: &Options,
    ) -> Result<Future<BatchOutput<J>>, Error> {
        encoded::submit_batch(self.encoded(), &jobs, options)
    }

    /// How many jobs may run at the same time, if it is known.
    fn workers(&self) -> usize {
        self.encoded().workers()
    }

    /// The number of pending jobs.
    fn pending(&self) -> usize {
        self.encoded().pending()
    }

    /// The executor's counters.
    fn counters(&self) -> Counters {
        self.encoded().counters()
    }

    /// Runs all jobs of an iterator, and yields their results in the order of the jobs.
    ///
    /// It is lazy: nothing is submitted before the first [`next`](Iterator::next), and at most
    /// [`buffer`](Map::buffer) jobs are submitted ahead of the results. So the iterator may be
    /// endless. Dropping the map cancels the jobs that have not started.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ThreadPool};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # let pool = ThreadPool::new(2)?;
    /// let squares = pool.map((0..).map(Square)).buffer(64).chunk(16);
    /// let large = squares.map(Result::unwrap).find(|square| *square > 5000);
    /// assert_eq!(large, Some(71 * 71));
    /// # Ok::<(), Error>(())
    /// ```
    fn map<I>(&self, jobs: I) -> Map<'_, I::IntoIter, <I::Item as Job>::Output>
    where
        I: IntoIterator<Item: Job>,
    {
        let ahead = || self.encoded().look_ahead();
        Map::ordered(jobs.into_iter(), ahead, |jobs, patience| {
            self.submit_batch_with(jobs, &Options::new().patience(patience))
        })
    }

    /// Like [`map`](Executor::map), with the results in the order in which they are ready: a quick
    /// job does not wait for a slow one before it.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ThreadPool};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # let pool = ThreadPool::new(2)?;
    /// let mut squares: Vec<u64> = pool.map_unordered((0..5).map(Square)).collect::<Result<_, _>>()?;
    /// squares.sort();
    /// assert_eq!(squares, [0, 1, 4, 9, 16]);
    /// # Ok::<(), Error>(())
    /// ```
    fn map_unordered<I>(&self, jobs: I) -> Map<'_, I::IntoIter, <I::Item as Job>::Output>
    where
        I: IntoIterator<Item: Job>,
    {
        self.map(jobs).unordered()
    }

    /// Stops accepting jobs. Pending jobs still run, or with `cancel_pending` end as
    /// [`Error::Cancelled`]; running jobs continue to their end. With `wait`, it returns when all
    /// of that is done and every worker has ended; without, at once.
    ///
    /// Dropping a pool is `shutdown(true, false)`, or during a panic `shutdown(true, true)`.
    ///
    /// # Errors
    /// [`Error::Deadlock`] if a worker of the pool would wait for its own end. The shutdown then
    /// continues without the wait.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, ThreadPool};
    /// let pool = ThreadPool::new(2)?;
    /// let last = pool.spawn(|| "the last job")?;
    /// pool.shutdown(true, false)?;
    /// assert_eq!(last.result(), Ok("the last job"));
    /// assert!(matches!(pool.spawn(|| "too late"), Err(Error::ShutDown)));
    /// # Ok::<(), Error>(())
    /// ```
    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.encoded().shutdown(wait, cancel_pending)
    }
}

impl Executor for dyn EncodedExecutor {
    fn encoded(&self) -> &dyn EncodedExecutor {
        self
    }
}

/// A pointer to an executor is an executor. Typed jobs are passed on unchanged, because an executor
/// may have its own way to take them.
macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<E: Executor + ?Sized> Executor for $pointer {
            fn encoded(&self) -> &dyn EncodedExecutor {
                (**self).encoded()
            }

            fn submit_with<J: Job>(
                &self,
                job: J,
                options: &Options,
            ) -> Result<Future<J::Output>, Error> {
                (**self).submit_with(job, options)
            }

            fn try_submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Refused<J>> {
                (**self).try_submit(job)
            }

            fn submit_batch_with<J: Job>(
                &self,
                jobs: Vec<J>,
                options: &Options,
            ) -> Result<Future<BatchOutput<J>>, Error> {
                (**self).submit_batch_with(jobs, options)
            }
        }
    )*};
}

pointers!(&E, Arc<E>, Box<E>);

/// The results of a batch of `J`: one for each job, in order.
pub type BatchOutput<J> = Vec<Result<<J as Job>::Output, Error>>;
