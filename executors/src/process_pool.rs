//! An executor whose workers are processes.

mod clock;
pub(crate) mod codec;
mod core;
mod frame;
mod registry;
mod remote;
mod slot;
mod sys;
mod worker;

pub use registry::hook;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::core::Core;
use self::remote::{Answer, Remote, RemoteJob};
use crate::error::Error;
use crate::executor::{BatchOutput, Executor, Refused};
use crate::future::Future;
use crate::home::Home;
use crate::job::Job;
use crate::panics;
use crate::state::{Shared, Work};

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

/// A number of worker processes: copies of this program, to which jobs and back from which results
/// are sent as bytes.
///
/// Made for work that must not take the program down with it: a job that crashes, runs out of
/// memory or never ends costs its worker, not the pool. The price is some 10 µs a job and the
/// copying of its data; against code that only computes, [`ThreadPool`](crate::ThreadPool) wins.
///
/// Workers are started when there is work for them. They end when the pool does, or this process,
/// however it ends.
///
/// # Examples
/// See [`hook`], which must come first in `main`.
pub struct ProcessPool {
    core: Arc<Core>,
}

/// What a pool was told when it was built.
struct Config {
    name: String,
    workers: usize,
    queue_limit: usize,
    frame_limit: usize,
    restart_limit: u32,
    start_timeout: Duration,
    job_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    max_jobs: Option<usize>,
    memory_limit: Option<u64>,
    initializer: Option<Initializer>,
    args: Vec<OsString>,
}

/// A job that each worker does first.
struct Initializer {
    frame: Vec<u8>,
    check: Box<Check>,
}

/// Whether the answer to an initializer is an output.
type Check = dyn Fn(&[u8]) -> Result<(), Error> + Send + Sync;

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
#[must_use = "a builder does nothing before `build`"]
pub struct ProcessPoolBuilder {
    workers: Option<usize>,
    config: Config,
    initializer: Option<Result<Initializer, Error>>,
}

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
    /// otherwise. Workers that the pool itself ends do not count.
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

    /// How long a job (or chunk of jobs) may run before its worker is killed, the job ends with
    /// [`Error::Overran`], and another worker takes over. No limit unless said otherwise.
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
        self.config.memory_limit = Some(bytes);
        self
    }

    /// A job that each worker does before all others. If it panics, the pool is broken.
    ///
    /// Its type must be registered like any other; its output is not used.
    pub fn initializer<J: Job>(mut self, job: J) -> Self {
        let limit = self.config.frame_limit;
        self.initializer = Some(registry::index_of::<J>().and_then(|index| {
            Ok(Initializer {
                frame: codec::encode(&[job], index, limit)?,
                check: Box::new(move |payload| codec::decode_one::<J>(payload, limit).map(drop)),
            })
        }));
        self
    }

    /// Arguments that lead a worker's `main` to the hook. None are needed when the hook is its
    /// first line.
    ///
    /// Under `cargo test` there is no `main` to put it in. There, write a test that does nothing
    /// but call the hook, and have the workers run it:
    /// ```no_run
    /// # use executors::{Error, JobType, ProcessPool};
    /// # const JOBS: &[JobType] = &[];
    /// #[test]
    /// fn worker() {
    ///     executors::hook(JOBS);
    /// }
    ///
    /// fn pool() -> Result<ProcessPool, Error> {
    ///     executors::hook(JOBS);
    ///     ProcessPool::builder().worker_args(["worker", "--exact", "--nocapture"]).build()
    /// }
    /// ```
    pub fn worker_args(mut self, args: impl IntoIterator<Item: Into<OsString>>) -> Self {
        self.config.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the pool. No worker is started before there is work, or [`ProcessPool::warm_up`].
    ///
    /// # Errors
    /// [`Error::HookMissing`] if [`hook`] has not been called; [`Error::NoWorkers`];
    /// [`Error::Unsupported`] for a memory limit where the system has none; for the initializer,
    /// as [`Executor::submit`].
    pub fn build(self) -> Result<ProcessPool, Error> {
        registry::len()?;
        let mut config = self.config;
        config.workers = crate::workers(self.workers)?;
        config.initializer = self.initializer.transpose()?;
        if config.memory_limit.is_some() && !sys::HAS_MEMORY_LIMIT {
            return Err(Error::Unsupported {
                what: "a memory limit for worker processes",
            });
        }
        panics::install();
        Ok(ProcessPool {
            core: Arc::new(Core::new(config)),
        })
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
            .field("memory_limit", &self.config.memory_limit)
            .finish_non_exhaustive()
    }
}

impl ProcessPool {
    /// A pool of up to so many workers.
    ///
    /// # Errors
    /// As [`ProcessPoolBuilder::build`].
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// A pool to be set up.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder {
            workers: None,
            config: Config {
                name: "process-pool".to_owned(),
                workers: 0,
                queue_limit: crate::DEFAULT_QUEUE_LIMIT,
                frame_limit: DEFAULT_FRAME_LIMIT,
                restart_limit: DEFAULT_RESTART_LIMIT,
                start_timeout: DEFAULT_START_TIMEOUT,
                job_timeout: None,
                idle_timeout: None,
                max_jobs: None,
                memory_limit: None,
                initializer: None,
                args: Vec::new(),
            },
            initializer: None,
        }
    }

    /// Starts all workers there may be and waits until they are ready, so that the first jobs are
    /// as quick as the rest.
    ///
    /// # Errors
    /// [`Error::PoolBroken`] if they would not start, [`Error::ShutDown`] if they need not.
    pub fn warm_up(&self) -> Result<(), Error> {
        self.core.warm_up()
    }

    /// The process ids of the workers that there are.
    pub fn pids(&self) -> Vec<u32> {
        self.core.pids()
    }

    /// The CPU time that all workers have used, those that are gone included. (Live ones are
    /// counted on Linux only.)
    pub fn cpu_time(&self) -> Duration {
        self.core.cpu_time()
    }

    /// Kills all workers and waits until they are gone. What was running ends with
    /// [`Error::Killed`], what was pending with [`Error::Cancelled`]; nothing more is accepted.
    ///
    /// # Errors
    /// [`Error::Deadlock`] in a callback, which the pool would wait for; the killing is done.
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

    /// Encodes jobs, and hands them in with what decodes their results.
    fn hand_in<J: Job, T: Send + 'static>(
        &self,
        patient: bool,
        jobs: &[J],
        decode: impl Fn(&[u8], usize) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Future<T>, Error> {
        let limit = self.core.config.frame_limit;
        let frame = codec::encode(jobs, registry::index_of::<J>()?, limit)?;
        let shared = Arc::new(Shared::pending(Work::Frame(frame)));
        let job: Arc<dyn Remote> = Arc::new(RemoteJob {
            shared: Arc::clone(&shared),
            decode: move |answer: Answer<'_>| match answer {
                Answer::Payload(payload) => decode(payload, limit),
                Answer::TooLarge(size) => Err(codec::too_large::<J>("result", size, limit)),
            },
        });
        self.core.submit(patient, &job)?;
        Ok(Future::new(shared, Arc::clone(&self.core) as Arc<dyn Home>))
    }
}

impl Executor for ProcessPool {
    fn submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Error> {
        self.hand_in(true, &[job], codec::decode_one::<J>)
    }

    fn try_submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Refused<J>> {
        self.hand_in(false, std::slice::from_ref(&job), codec::decode_one::<J>)
            .map_err(|error| Refused { job, error })
    }

    fn submit_batch<J: Job>(&self, jobs: Vec<J>) -> Result<Future<BatchOutput<J>>, Error> {
        let count = jobs.len();
        self.hand_in(true, &jobs, move |payload, limit| {
            codec::decode_batch::<J>(payload, count, limit)
        })
    }

    fn workers(&self) -> usize {
        self.core.config.workers
    }

    fn pending(&self) -> usize {
        self.core.pending()
    }

    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.core.shutdown(wait, cancel_pending)
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        // In a callback of this very pool the workers end by themselves.
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
