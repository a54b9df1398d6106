//! Sets up a process pool.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::config::{Config, Initializer};
use super::core::Core;
use super::sys::{self, Program};
use super::{ProcessPool, frame, registry};
use crate::at_exit::{self, AtExit};
use crate::codec;
use crate::error::Error;
use crate::job::{Job, job};
use crate::{panics, workers};

/// The default limit of a frame's payload. It limits the memory that a worker can make its pool
/// allocate.
pub const DEFAULT_FRAME_LIMIT: usize = 64 << 20;
/// The default limit of workers lost in a row. The next loss breaks the pool.
///
/// It is high enough that each worker of a usual machine may meet one fatal job, and low enough
/// that a program that can't run at all reports it within seconds.
pub const DEFAULT_RESTART_LIMIT: u32 = 16;
/// The default time limit from a worker's start to its first job.
///
/// A start takes milliseconds; on a machine that swaps, or loads the program over a network,
/// seconds.
pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum nesting depth of pools. Without it, a worker that creates a pool of its own kind
/// would start processes without end.
const MAX_DEPTH: u32 = 10;

/// Sets up a [`ProcessPool`].
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use executors::{Error, Executor, Job, ProcessPool, job};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
/// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
/// # fn main() -> Result<(), Error> {
/// executors::hook(&[job::<Square>()]);
/// let pool = ProcessPool::builder()
///     .workers(2)
///     .job_timeout(Duration::from_secs(60))
///     .max_jobs_per_worker(1000)
///     .idle_timeout(Duration::from_secs(30))
///     .build()?;
/// assert_eq!(pool.submit(Square(3))?.result(), Ok(9));
/// # Ok(()) }
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing before `build`"]
pub struct ProcessPoolBuilder {
    workers: Option<usize>,
    program: Option<PathBuf>,
    config: Config,
    initializer: Option<Box<WriteInitializer>>,
    at_exit: Option<AtExit>,
}

/// Encodes the initializer, when the limits are known.
type WriteInitializer = dyn FnOnce(&Config) -> Result<Initializer, Error> + Send;

impl ProcessPoolBuilder {
    /// Sets the maximum number of workers. The default is the number of CPUs that this process may
    /// use.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the name of the pool's threads, which is followed by `-0`, `-1` and `-clock`. The
    /// default is `process-pool`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Sets how many jobs may be pending before submitting blocks, at least 1. The default is
    /// [8192](crate::DEFAULT_QUEUE_LIMIT).
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.config.queue_limit = jobs.max(1);
        self
    }

    /// Sets the maximum size of an encoded job or chunk, or of its results, in bytes, below 4 GiB.
    /// The default is [64 MiB](DEFAULT_FRAME_LIMIT).
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        // The length in a frame has 32 bits on every machine.
        self.config.frame_limit = bytes.min(u32::MAX as usize);
        self
    }

    /// Sets how many workers may be lost in a row, without a finished job between, before the pool
    /// is broken ([`Error::PoolBroken`]). The default is [16](DEFAULT_RESTART_LIMIT). Workers that
    /// the pool itself ends do not count. Processes that could not be started do not count either:
    /// without any worker the pool gives up after a few attempts.
    pub fn restart_limit(mut self, workers: u32) -> Self {
        self.config.restart_limit = workers;
        self
    }

    /// Sets the time that a worker may take until it is ready for its first job. The default is [30
    /// seconds](DEFAULT_START_TIMEOUT).
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.config.start_timeout = limit;
        self
    }

    /// Sets the time limit of a job. After it, the worker is killed and replaced, and the job ends
    /// with [`Error::Overran`]. The default is no limit. A job may have its own limit
    /// ([`Options::time_limit`](crate::Options::time_limit)).
    ///
    /// It is also the limit for a chunk of jobs: those that are finished by then keep their
    /// results.
    pub fn job_timeout(mut self, limit: Duration) -> Self {
        self.config.job_timeout = Some(limit);
        self
    }

    /// Sets how long a worker may be idle before it is ended. It is replaced when there is work
    /// again. The default is no limit.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.config.idle_timeout = Some(limit);
        self
    }

    /// Sets how many jobs (or chunks) a worker does before it is replaced by a new one, which frees
    /// leaked memory. The default is no limit; at least 1.
    pub fn max_jobs_per_worker(mut self, jobs: usize) -> Self {
        self.config.max_jobs = Some(jobs.max(1));
        self
    }

    /// Sets the maximum address space of a worker in bytes (`RLIMIT_AS`). An allocation beyond it
    /// fails, which usually aborts the worker. The program itself and its stacks are included: add
    /// about 20 MiB for them. The default is no limit.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.config.launch.memory_limit = Some(bytes);
        self
    }

    /// Sets a job that each worker runs before all others, within
    /// [`start_timeout`](ProcessPoolBuilder::start_timeout). If it panics, takes longer or ends its
    /// worker, the pool is broken.
    ///
    /// Its type must be registered like any other. Its output is not used.
    pub fn initializer<J: Job>(mut self, job: J) -> Self {
        self.initializer = Some(Box::new(move |config| {
            let limit = config.frame_limit;
            let mut frame = codec::write_jobs(&[job], limit, config.check_jobs)?;
            let index = registry::index_of(&self::job::<J>())?;
            frame::address(&mut frame, index, 1, None);
            Ok(Initializer {
                frame,
                check: Box::new(move |answer| codec::read_one::<J>(answer, limit).map(drop)),
            })
        }));
        self
    }

    /// Sets whether each job is read back and compared before it is sent, and each output too. The
    /// default is yes. [`Job`] explains what the check finds. It costs one more reading and writing
    /// of the job, and of the output.
    pub fn check_jobs(mut self, check: bool) -> Self {
        self.config.check_jobs = check;
        self
    }

    /// Sets whether processes that a job has started, and that still run, end with its worker. The
    /// default is yes. Each worker is then the leader of its own process group (so Ctrl-C and
    /// Ctrl-Z reach the parent only). A process that has left the group is found by a variable in
    /// its environment.
    pub fn ends_descendants(mut self, ends: bool) -> Self {
        self.config.launch.ends_descendants = ends;
        self
    }

    /// Sets a value that is added to the niceness of the workers: for example 10, to leave the CPU
    /// to other programs. Negative values need privileges. The default is 0.
    pub fn niceness(mut self, niceness: i32) -> Self {
        self.config.launch.niceness = niceness;
        self
    }

    /// Sets another program for the workers. Its `main` must call [`hook`](crate::hook) with the
    /// same list of jobs, in the same versions ([`Error::VersionMismatch`]). The default is this
    /// program.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Sets a variable in the environment of the workers. They inherit all others from this
    /// process.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ProcessPool, job};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Locale;
    ///
    /// impl Job for Locale {
    ///     type Output = (Option<String>, Option<std::path::PathBuf>);
    ///     fn run(self) -> Self::Output {
    ///         (std::env::var("LC_ALL").ok(), std::env::current_dir().ok())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// # executors::hook(&[job::<Locale>()]);
    /// let pool = ProcessPool::builder()
    ///     .env("LC_ALL", "C")
    ///     .current_dir("/")
    ///     .niceness(5)
    ///     .build()?;
    /// let (locale, folder) = pool.submit(Locale)?.result()?;
    /// assert_eq!((locale.as_deref(), folder), (Some("C"), Some("/".into())));
    /// # Ok(()) }
    /// ```
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let variable = (name.into(), Some(value.into()));
        self.config.launch.environment.push(variable);
        self
    }

    /// Removes a variable from the environment of the workers.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.config.launch.environment.push((name.into(), None));
        self
    }

    /// Sets the folder in which workers start. The default is that of this process.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config.launch.folder = Some(folder.into());
        self
    }

    /// Sets what happens to the jobs if this program ends while the pool exists: when `main`
    /// returns and the pool is in a `static`, or at [`std::process::exit`]. By default the workers
    /// are killed in the middle of their jobs, and pending jobs are dropped.
    pub fn at_exit(mut self, what: AtExit) -> Self {
        self.at_exit = Some(what);
        self
    }

    /// Sets arguments with which a worker's `main` reaches the hook. None are needed if the hook is
    /// its first line.
    ///
    /// Under `cargo test` there is no `main` for the hook. Write a test that only calls the hook,
    /// and make the workers run it, by its full name:
    /// ```no_run
    /// use executors::{Error, Executor, Job, JobType, ProcessPool, job};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Square(u64);
    ///
    /// impl Job for Square {
    ///     type Output = u64;
    ///     fn run(self) -> u64 {
    ///         self.0 * self.0
    ///     }
    /// }
    ///
    /// const JOBS: &[JobType] = &[job::<Square>()];
    ///
    /// #[cfg(test)]
    /// mod tests {
    ///     use super::*;
    ///
    ///     /// Not a test: the workers run it. In other processes it does nothing.
    ///     #[test]
    ///     fn worker() {
    ///         executors::hook(JOBS);
    ///     }
    ///
    ///     fn pool() -> Result<ProcessPool, Error> {
    ///         executors::hook(JOBS);
    ///         ProcessPool::builder()
    ///             .worker_args(["tests::worker", "--exact", "--nocapture"])
    ///             .build()
    ///     }
    ///
    ///     #[test]
    ///     fn a_square() -> Result<(), Error> {
    ///         assert_eq!(pool()?.submit(Square(12))?.result(), Ok(144));
    ///         Ok(())
    ///     }
    /// }
    /// ```
    /// (In a file of `tests/`, outside all modules, the name is just `worker`.)
    pub fn worker_args(mut self, args: impl IntoIterator<Item: Into<OsString>>) -> Self {
        self.config.launch.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Creates the pool. A worker is started when there is work, or by [`ProcessPool::warm_up`].
    ///
    /// # Errors
    /// [`Error::HookMissing`] if [`hook`](crate::hook) was not called; [`Error::NoWorkers`] or
    /// [`Error::TooManyWorkers`]; [`Error::Spawn`] if this program's file can't be found;
    /// [`Error::Unsupported`] for a limit that the system does not have, or for more than 10 nested
    /// pools; for the initializer, the errors of [`Executor::submit`](crate::Executor::submit).
    pub fn build(self) -> Result<ProcessPool, Error> {
        registry::jobs()?;
        let workers = workers::count(self.workers)?;
        let unsupported = |what: &str| Error::Unsupported {
            what: what.to_owned(),
        };
        let mut config = self.config;
        if config.launch.memory_limit.is_some() && !sys::HAS_MEMORY_LIMIT {
            return Err(unsupported("a memory limit for worker processes"));
        }
        if super::depth() >= MAX_DEPTH {
            return Err(unsupported("more than 10 process pools within one another"));
        }
        config.launch.program = self
            .program
            .map_or_else(Program::this, |path| Ok(Program::other(path)))
            .map_err(|error| Error::Spawn {
                what: "a copy of this program, whose file was not found".to_owned(),
                message: error.to_string(),
            })?;
        if let Some(write) = self.initializer {
            config.initializer = Some(write(&config)?);
        }
        panics::install();
        let pool = ProcessPool {
            core: Arc::new(Core::new(workers, config)),
        };
        if let Some(what) = self.at_exit {
            at_exit::register(&pool.core, what);
        }
        Ok(pool)
    }
}

impl fmt::Debug for ProcessPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolBuilder")
            .field("workers", &self.workers)
            .field("queue_limit", &self.config.queue_limit)
            .field("frame_limit", &self.config.frame_limit)
            .field("restart_limit", &self.config.restart_limit)
            .field("job_timeout", &self.config.job_timeout)
            .field("memory_limit", &self.config.launch.memory_limit)
            .finish_non_exhaustive()
    }
}
