//! Options of a job that is submitted.

use std::time::Duration;

use crate::patience::Patience;

/// How a job is to be run; see [`Executor::submit_with`](crate::Executor::submit_with).
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
    /// No limit but the pool's own, no retries, no key, and as much patience as it takes.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the job (or the chunk of jobs) may run before its worker is ended, and the job with
    /// it ([`Error::Overran`](crate::Error::Overran)): instead of the limit that the pool has. A
    /// thread can't be ended, so a thread pool refuses this
    /// ([`Error::Unsupported`](crate::Error::Unsupported)).
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// How often the job may be tried again when the worker that ran it died
    /// ([`WorkerDied`](crate::Error::WorkerDied), [`Garbled`](crate::Error::Garbled)). Only for a
    /// job that is safe to repeat: nobody knows how far it got. Not after a panic or the time
    /// limit, which are the job's own doing. A thread does not die, so a thread pool has no use for
    /// it.
    pub fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// A name for the job. While a job of this name is pending or running, submitting the same
    /// again (the same type, the same bytes) starts nothing: both futures get the one result, and
    /// cancelling one cancels the job for both. Another job under the same name is refused
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

    /// How long to wait while the queue is full.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The time limit, if one is set.
    pub fn get_time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// How often the job may be tried again.
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
