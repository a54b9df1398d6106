//! Concurrent futures: submit a job, get a [`Future`], and let workers run the job.
//!
//! There are two pools. The workers of a [`ThreadPool`] are threads, and those of a `ProcessPool`
//! (feature `processes`) are processes. Both implement the trait `Executor`. The model is Python's
//! `concurrent.futures`.
//!
//! # Threads
//!
//! A thread pool takes closures.
//!
//! ```
//! use executors::{Error, ThreadPool};
//!
//! fn main() -> Result<(), Error> {
//!     let pool = ThreadPool::new(4)?;
//!     let sums: Vec<_> = (0..4u64)
//!         .map(|part| pool.spawn(move || (part * 250..(part + 1) * 250).sum::<u64>()))
//!         .collect::<Result<_, _>>()?;
//!     let mut total = 0;
//!     for sum in sums {
//!         total += sum.result()?;
//!     }
//!     assert_eq!(total, 499_500);
//!     Ok(())
//! }
//! ```
//!
//! # Processes
//!
//! A process shares no memory with its parent, so it gets *values*: a `Job` is a type that serde
//! can write and read, with a function `run`. The workers are copies of this same program.
//! Therefore **the first line of `main` must be `hook`**, with a list of all job types. A worker
//! runs `main` up to that line and no further; the lines before it run again in every worker.
//!
//! ```
//! use executors::{Error, Executor, Job, ProcessPool, job};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Sum { from: u64, to: u64 }
//!
//! impl Job for Sum {
//!     type Output = u64;
//!     fn run(self) -> u64 { (self.from..self.to).sum() }
//! }
//!
//! fn main() -> Result<(), Error> {
//!     executors::hook(&[job::<Sum>()]);
//!
//!     let pool = ProcessPool::new(2)?;
//!     let parts = (0..4).map(|n| Sum { from: n * 250, to: (n + 1) * 250 });
//!     let total: u64 = pool.map(parts).sum::<Result<_, _>>()?;
//!     assert_eq!(total, 499_500);
//!     Ok(())
//! }
//! ```
//!
//! Without the hook `ProcessPool::new` fails with `Error::HookMissing`, which shows the missing
//! line. A type that is not in the list is refused by `submit` with `Error::NotRegistered`. Under
//! `cargo test` there is no `main`: see `ProcessPoolBuilder::worker_args`.
//!
//! The lesson is the chapter `README.md`. `TOOL.md` has the limits, the failures of workers, and
//! figures.

/// The chapter, included so that its Rust code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// Errors, futures and panics.
mod error;
mod future;
mod patience;
mod promise;
mod refused;
mod worker_id;

// Threads: the pool takes closures, and does not use the modules below.
mod at_exit;
mod counters;
mod scope;
mod thread_pool;

// Many futures at once.
mod as_completed;
mod gate;
mod map;
mod wait;

// The base: the state of a future, the queue of pending jobs, and the detection of deadlocks.
mod backlog;
mod panics;
mod pool_id;
mod queue;
mod span;
mod state;
mod sync;
mod workers;

// Jobs: values that can be encoded and run elsewhere.
#[cfg(feature = "processes")]
mod codec;
#[cfg(feature = "processes")]
mod encoded;
#[cfg(feature = "processes")]
mod executor;
#[cfg(feature = "processes")]
mod forward;
#[cfg(feature = "processes")]
mod job;
#[cfg(feature = "processes")]
mod job_threads;
#[cfg(feature = "processes")]
mod options;
#[cfg(feature = "processes")]
mod process_pool;
#[cfg(feature = "processes")]
mod same_job;
#[cfg(all(feature = "processes", target_os = "linux"))]
mod shared_bytes;

pub use as_completed::{AsCompleted, as_completed};
pub use at_exit::AtExit;
pub use counters::Counters;
pub use error::{Error, Part};
pub use future::Future;
pub use map::Map;
pub use panics::{Panic, catch_panic};
pub use patience::Patience;
pub use pool_id::PoolId;
pub use promise::{Owner, Promise, promise};
pub use refused::Refused;
pub use scope::Scope;
pub use thread_pool::{DEFAULT_QUEUE_LIMIT, ThreadPool, ThreadPoolBuilder};
pub use wait::{Until, Waited, wait};
pub use worker_id::{Exit, WorkerId};
pub use workers::MAX_WORKERS;

#[cfg(feature = "processes")]
pub use encoded::{EncodedExecutor, EncodedJob};
#[cfg(feature = "processes")]
pub use executor::{BatchOutput, Executor};
#[cfg(feature = "processes")]
pub use forward::{EncodedAnswer, forward};
#[cfg(feature = "processes")]
pub use job::{Job, JobType, job};
#[cfg(feature = "processes")]
pub use options::Options;
#[cfg(feature = "processes")]
pub use process_pool::{
    DEFAULT_FRAME_LIMIT, DEFAULT_RESTART_LIMIT, DEFAULT_START_TIMEOUT, ProcessPool,
    ProcessPoolBuilder, hook,
};
#[cfg(feature = "processes")]
pub use same_job::submit_once;
#[cfg(all(feature = "processes", target_os = "linux"))]
pub use shared_bytes::SharedBytes;
