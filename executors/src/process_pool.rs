//! An executor whose workers are processes.

mod builder;
mod clock;
mod close;
mod config;
mod core;
mod ending;
mod frame;
mod greeting;
mod inbox;
mod life;
mod progress;
mod registry;
mod remote;
mod settings;
mod slots;
mod staff;
mod sys;
mod worker;

pub use builder::{
    DEFAULT_FRAME_LIMIT, DEFAULT_RESTART_LIMIT, DEFAULT_START_TIMEOUT, ProcessPoolBuilder,
};
pub use registry::hook;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use self::core::Core;
use crate::counters::Counters;
use crate::encoded::{EncodedExecutor, EncodedJob};
use crate::error::Error;
use crate::executor::Executor;
use crate::promise::Owner;
use crate::sync::lock;
use crate::{same_job, workers};

/// The nesting depth: how many process pools this process is a worker in, one within the other.
static DEPTH: AtomicU32 = AtomicU32::new(0);

fn depth() -> u32 {
    DEPTH.load(Ordering::Relaxed)
}

fn set_depth(depth: u32) {
    DEPTH.store(depth, Ordering::Relaxed);
}

/// A pool of worker processes: copies of this program. Jobs are sent to them as bytes, and results
/// come back as bytes.
///
/// It is for work that must not crash the program: a job that crashes, runs out of memory or never
/// ends costs its worker, not the pool. The price is a message to the worker and back for each job,
/// and the copying of its data. For code that only computes, [`ThreadPool`](crate::ThreadPool) is
/// faster.
///
/// Workers are started when there is work for them. They end when the pool ends, or when this
/// process ends for any reason. Processes that their jobs have started end with them.
///
/// Dropping a pool waits for all its jobs. A pool in a `static` is never dropped, and
/// [`std::process::exit`] drops nothing: then pending and running jobs end with the program, unless
/// [`at_exit`](ProcessPoolBuilder::at_exit) says otherwise.
///
/// # Examples
/// See [`hook`], which must come first in `main`.
pub struct ProcessPool {
    core: Arc<Core>,
}

impl ProcessPool {
    /// A pool with at most this number of workers.
    ///
    /// # Errors
    /// As [`ProcessPoolBuilder::build`].
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// A builder for a pool with options.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }

    /// Starts all workers and waits until they are ready, so that the first jobs are as fast as the
    /// others.
    ///
    /// # Errors
    /// [`Error::PoolBroken`] if the workers do not start, [`Error::Spawn`] if some do not,
    /// [`Error::ShutDown`] if the pool was shut down.
    pub fn warm_up(&self) -> Result<(), Error> {
        self.core.warm_up()
    }

    /// The process ids of the current workers.
    pub fn pids(&self) -> Vec<u32> {
        let state = lock(&self.core.state);
        let live = state.slots.iter().filter_map(|slot| slot.worker.as_ref());
        live.map(|worker| worker.life.pid()).collect()
    }

    /// The CPU time of all workers, including those that have ended. (Running ones are counted on
    /// Linux only.)
    pub fn cpu_time(&self) -> Duration {
        lock(&self.core.state).cpu_time()
    }

    /// Kills all workers and waits until they have ended. Running jobs end with [`Error::Killed`],
    /// pending ones with [`Error::Cancelled`]. No more jobs are accepted.
    ///
    /// # Errors
    /// [`Error::Deadlock`] in a callback of the pool, because the wait would include this callback.
    /// The workers are killed anyway.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ProcessPool, job};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Forever;
    ///
    /// impl Job for Forever {
    ///     type Output = ();
    ///     fn run(self) { loop { std::thread::park() } }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// # executors::hook(&[job::<Forever>()]);
    /// # let pool = ProcessPool::new(1)?;
    /// pool.warm_up()?;
    /// let stuck = pool.submit(Forever)?;
    /// pool.kill()?;
    /// assert!(matches!(stuck.result(), Err(Error::Killed { .. })));
    /// # Ok(()) }
    /// ```
    pub fn kill(&self) -> Result<(), Error> {
        self.core.kill()
    }

    /// Opens a pool again that was killed, shut down or broken: it waits for the end of the
    /// remaining work, and then accepts jobs as before.
    ///
    /// # Errors
    /// [`Error::Deadlock`] in a callback of the pool, because the wait would include this callback.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ProcessPool, job};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # fn main() -> Result<(), Error> {
    /// # executors::hook(&[job::<Square>()]);
    /// let pool = ProcessPool::new(1)?;
    /// pool.kill()?;
    /// assert!(matches!(pool.submit(Square(3)), Err(Error::ShutDown)));
    /// pool.reopen()?;
    /// assert_eq!(pool.submit(Square(3))?.result(), Ok(9));
    /// # Ok(()) }
    /// ```
    pub fn reopen(&self) -> Result<(), Error> {
        self.core.reopen()
    }

    /// Changes the maximum number of workers. Surplus workers end after their current job.
    ///
    /// # Errors
    /// [`Error::NoWorkers`] or [`Error::TooManyWorkers`].
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ProcessPool, job};
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
    /// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
    /// # fn main() -> Result<(), Error> {
    /// # executors::hook(&[job::<Square>()]);
    /// let pool = ProcessPool::new(1)?;
    /// pool.resize(2)?;
    /// let squares = pool.map([Square(3), Square(4)]);
    /// assert_eq!(squares.collect::<Result<Vec<_>, _>>()?, [9, 16]);
    /// # Ok(()) }
    /// ```
    pub fn resize(&self, workers: usize) -> Result<(), Error> {
        self.core.resize(workers::count(Some(workers))?);
        Ok(())
    }

    // These four are methods of both traits: without them here, a program that imports both could not
    // call them on a pool without naming one.

    /// Like [`Executor::workers`].
    pub fn workers(&self) -> usize {
        lock(&self.core.state).wanted
    }

    /// Like [`Executor::pending`].
    pub fn pending(&self) -> usize {
        lock(&self.core.state).backlog.len()
    }

    /// Like [`Executor::counters`].
    pub fn counters(&self) -> Counters {
        lock(&self.core.state).account.counters
    }

    /// Like [`Executor::shutdown`].
    ///
    /// # Errors
    /// As [`Executor::shutdown`].
    pub fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.core.shutdown(wait, cancel_pending)
    }
}

impl EncodedExecutor for ProcessPool {
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        same_job::submit_once(self.core.id, job, |job| self.core.submit(job))
    }

    fn size_limit(&self) -> usize {
        self.core.config.frame_limit
    }

    fn checks_jobs(&self) -> bool {
        self.core.config.check_jobs
    }

    fn workers(&self) -> usize {
        self.workers()
    }

    fn pending(&self) -> usize {
        self.pending()
    }

    fn counters(&self) -> Counters {
        self.counters()
    }

    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.shutdown(wait, cancel_pending)
    }
}

impl Executor for ProcessPool {
    fn encoded(&self) -> &dyn EncodedExecutor {
        self
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        // In a callback of this pool there is no wait, and the workers end by themselves.
        let _ = self.shutdown(true, std::thread::panicking());
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool")
            .field("workers", &self.workers())
            .field("pids", &self.pids())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
