#![doc = include_str!("../README.md")]

// What is handed in, and what comes back.
mod error;
mod future;
mod patience;
mod promise;
mod refused;
mod worker_id;

// Threads: the pool takes closures, and needs nothing of what follows below it.
mod at_exit;
mod counters;
mod scope;
mod thread_pool;

// Many futures at once.
mod as_completed;
mod gate;
mod map;
mod wait;

// What all of it stands on: a future's state, the queue of what is pending, and who waits for whom.
mod backlog;
mod panics;
mod pool_id;
mod queue;
mod span;
mod state;
mod sync;
mod workers;

// Jobs: values that can be written down and run elsewhere.
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
