//! Options of a job that is submitted.

use std::time::Duration;

use crate::patience::Patience;

/// The options of a job; see [`Executor::submit_with`](crate::Executor::submit_with).
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use executors::{Error, Executor, Job, Options, ProcessPool, job};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
/// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
/// # fn main() -> Result<(), Error> {
/// # executors::hook(&[job::<Square>()]);
/// # let pool = ProcessPool::new(2)?;
/// let options = Options::new().time_limit(Duration::from_secs(60)).retries(2);
/// assert_eq!(pool.submit_with(Square(12), &options)?.result(), Ok(144));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "options do nothing until a job is submitted with them"]
pub struct Options {
    pub(crate) time_limit: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) key: Option<String>,
    pub(crate) patience: Patience,
}

impl Options {
    /// The defaults: no time limit except the pool's, no retries, no key, and a wait without limit
    /// while the queue is full.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time limit of the job (or the chunk of jobs), instead of the pool's limit. After
    /// it, the worker is ended, and the job with it ([`Error::Overran`](crate::Error::Overran)). A
    /// thread can't be killed, so a thread pool refuses this option
    /// ([`Error::Unsupported`](crate::Error::Unsupported)).
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Sets how often the job may be retried after its worker died
    /// ([`WorkerDied`](crate::Error::WorkerDied), [`Garbled`](crate::Error::Garbled)). Use it only
    /// for a job that is safe to repeat, because it is unknown how much of it was done. There is no
    /// retry after a panic or the time limit, which the job itself caused. Threads do not die, so a
    /// thread pool does not need it.
    pub fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// Sets a name for the job. While a job with this name is pending or running, submitting the
    /// same job again (same type, same bytes) starts nothing: both futures get the same result, and
    /// cancelling one cancels the job for both. A different job with the same name is refused
    /// ([`Error::KeyInUse`](crate::Error::KeyInUse)).
    ///
    /// A pool forgets the name when the job is done.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, Options, ProcessPool, job};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # fn main() -> Result<(), Error> {
    /// # executors::hook(&[job::<Square>()]);
    /// # let pool = ProcessPool::new(1)?;
    /// let options = Options::new().key("the square of 12");
    /// let first = pool.submit_with(Square(12), &options)?;
    /// let again = pool.submit_with(Square(12), &options)?;
    /// assert_eq!((first.result()?, again.result()?), (144, 144));
    /// # Ok(()) }
    /// ```
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets how long to wait while the queue is full.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The time limit, if one is set.
    pub fn get_time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// The maximum number of retries.
    pub fn get_retries(&self) -> u32 {
        self.retries
    }

    /// The job's name, if it has one.
    pub fn get_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// How long to wait while the queue is full.
    pub fn get_patience(&self) -> Patience {
        self.patience
    }
}
