//! Setting up a process pool.

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

/// The default limit of a frame's payload: what a worker may make its pool allocate.
pub const DEFAULT_FRAME_LIMIT: usize = 64 << 20;
/// The default limit of workers lost in a row: the loss after that breaks the pool.
///
/// Enough for each worker of a usual machine to meet one fatal job in a list; few enough for a
/// program that can't run at all to say so within seconds.
pub const DEFAULT_RESTART_LIMIT: u32 = 16;
/// The default limit of the time from a worker's start to its first job.
///
/// A start takes milliseconds; on a machine that swaps, or loads the program over a network, seconds.
pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(30);

/// How deep pools may stand within pools: a worker that makes a pool of the kind it belongs to would
/// otherwise fill the machine.
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

/// Writes the initializer down, once the limits are known.
type WriteInitializer = dyn FnOnce(&Config) -> Result<Initializer, Error> + Send;

impl ProcessPoolBuilder {
    /// How many workers there may be: as many as this process may use CPUs unless said otherwise.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// What the pool's threads are called, before `-0`, `-1` and `-clock`: `process-pool` unless
    /// said otherwise.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How many jobs may be pending before submitting blocks:
    /// [8192](crate::DEFAULT_QUEUE_LIMIT) unless said otherwise, and at least 1.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.config.queue_limit = jobs.max(1);
        self
    }

    /// How many bytes an encoded job or chunk, or its results, may take:
    /// [64 MiB](DEFAULT_FRAME_LIMIT) unless said otherwise, and less than 4 GiB.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        // The length is 32 bits wide in a frame, on this machine and the next.
        self.config.frame_limit = bytes.min(u32::MAX as usize);
        self
    }

    /// How many workers may be lost in a row, with no job done by any of them in between, before
    /// the pool gives up ([`Error::PoolBroken`]): [16](DEFAULT_RESTART_LIMIT) unless said
    /// otherwise. Workers that the pool itself ends do not count, and neither do processes that
    /// could not be started at all: without any worker the pool gives up after a few attempts.
    pub fn restart_limit(mut self, workers: u32) -> Self {
        self.config.restart_limit = workers;
        self
    }

    /// How long a worker may take to get ready for its first job:
    /// [30 seconds](DEFAULT_START_TIMEOUT) unless said otherwise.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.config.start_timeout = limit;
        self
    }

    /// How long a job may run before its worker is killed, the job ends with [`Error::Overran`], and
    /// another worker takes over. No limit unless said otherwise; a job can be given another
    /// ([`Options::time_limit`](crate::Options::time_limit)).
    ///
    /// It is the limit for a chunk of jobs, too: those that are done by then keep their results.
    pub fn job_timeout(mut self, limit: Duration) -> Self {
        self.config.job_timeout = Some(limit);
        self
    }

    /// How long a worker may be idle before it is sent home; it is replaced when there is work
    /// again. For ever unless said otherwise.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.config.idle_timeout = Some(limit);
        self
    }

    /// How many jobs (or chunks) a worker does before it is replaced by a new one, to give back
    /// what they leaked. No limit unless said otherwise; at least 1.
    pub fn max_jobs_per_worker(mut self, jobs: usize) -> Self {
        self.config.max_jobs = Some(jobs.max(1));
        self
    }

    /// How many bytes of address space a worker may have (`RLIMIT_AS`); one that asks for more is
    /// refused, which as a rule aborts it. The program itself and its stacks count: leave room
    /// for some 20 MiB of them. No limit unless said otherwise.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.config.launch.memory_limit = Some(bytes);
        self
    }

    /// A job that each worker does before all others, within
    /// [`start_timeout`](ProcessPoolBuilder::start_timeout). If it panics, takes longer or ends its
    /// worker, the pool is broken.
    ///
    /// Its type must be registered like any other; its output is not used.
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

    /// Whether each job is read back and compared before it is sent, and each output: yes unless
    /// said otherwise. [`Job`] says what that finds. It costs one more reading and writing of the
    /// job, and of the output.
    pub fn check_jobs(mut self, check: bool) -> Self {
        self.config.check_jobs = check;
        self
    }

    /// Whether the processes that a job starts, and leaves behind, end when its worker ends: yes
    /// unless said otherwise. Each worker is then the leader of a process group of its own (so
    /// that Ctrl-C and Ctrl-Z reach the parent only), and what has left that group is found by a
    /// variable in its environment.
    pub fn ends_descendants(mut self, ends: bool) -> Self {
        self.config.launch.ends_descendants = ends;
        self
    }

    /// What is added to the niceness of the workers: 10, say, to leave the machine to others.
    /// Negative numbers need privileges. 0 unless said otherwise.
    pub fn niceness(mut self, niceness: i32) -> Self {
        self.config.launch.niceness = niceness;
        self
    }

    /// Another program for the workers. Its `main` must come to a [`hook`](crate::hook) with the
    /// same list of jobs, of the same versions ([`Error::VersionMismatch`]). This program itself
    /// unless said otherwise.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Sets a variable in the environment of the workers, which is otherwise that of this process.
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

    /// The folder in which workers start: that of this process unless said otherwise.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config.launch.folder = Some(folder.into());
        self
    }

    /// What becomes of the jobs when this program ends while the pool is there: when `main` returns
    /// and the pool is in a `static`, or at [`std::process::exit`]. Nothing unless said otherwise:
    /// the workers are killed in the middle of their jobs, and what is pending is forgotten.
    pub fn at_exit(mut self, what: AtExit) -> Self {
        self.at_exit = Some(what);
        self
    }

    /// Arguments that lead a worker's `main` to the hook. None are needed when the hook is its
    /// first line.
    ///
    /// Under `cargo test` there is no `main` to put it in. There, write a test that does nothing
    /// but call the hook, and have the workers run it, by its whole name:
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
    ///     /// Not a test: what the workers run. In other processes it does nothing.
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
    /// (In a file of `tests/`, outside of all modules, the name is just `worker`.)
    pub fn worker_args(mut self, args: impl IntoIterator<Item: Into<OsString>>) -> Self {
        self.config.launch.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the pool. No worker is started before there is work, or [`ProcessPool::warm_up`].
    ///
    /// # Errors
    /// [`Error::HookMissing`] if [`hook`](crate::hook) has not been called; [`Error::NoWorkers`] or
    /// [`Error::TooManyWorkers`]; [`Error::Spawn`] if this program can't be found;
    /// [`Error::Unsupported`] for a limit that the system does not have, or more than 10 pools
    /// within pools; for the initializer, as [`Executor::submit`](crate::Executor::submit).
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
