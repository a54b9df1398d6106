#![doc = include_str!("../README.md")]

// The contract: what executors do, what is handed in, and what comes back.
mod error;
mod executor;
mod future;
mod job;

// The two executors, each from its public face down.
mod process_pool;
mod scope;
mod thread_pool;

// Many futures at once.
mod as_completed;
mod gate;
mod map;
mod wait;

// What both stand on: a future's state, the queue of what is pending, and who waits for whom.
mod backlog;
mod home;
mod panics;
mod queue;
mod span;
mod state;
mod sync;

pub use as_completed::{AsCompleted, as_completed};
pub use error::Error;
pub use executor::{BatchOutput, Executor, Refused};
pub use future::Future;
pub use job::{Job, JobType, job};
pub use map::Map;
pub use process_pool::{
    DEFAULT_FRAME_LIMIT, DEFAULT_RESTART_LIMIT, DEFAULT_START_TIMEOUT, ProcessPool,
    ProcessPoolBuilder, hook,
};
pub use scope::Scope;
pub use thread_pool::{DEFAULT_QUEUE_LIMIT, ThreadPool, ThreadPoolBuilder};
pub use wait::{Until, Waited, wait};

/// How many workers a pool is to have: as many as asked for, or as there are CPUs to use.
fn workers(wanted: Option<usize>) -> Result<usize, Error> {
    match wanted {
        Some(0) => Err(Error::NoWorkers),
        Some(workers) => Ok(workers),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}
