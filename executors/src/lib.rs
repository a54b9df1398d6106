#![doc = include_str!("../README.md")]

mod as_completed;
mod backlog;
mod error;
mod executor;
mod future;
mod gate;
mod home;
mod job;
mod map;
mod panics;
mod process_pool;
mod queue;
mod scope;
mod span;
mod state;
mod sync;
mod thread_pool;
mod wait;

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
