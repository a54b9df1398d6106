//! The costs of each model by itself: to start something, to switch, to wait, to hand something over.

pub mod hand_over;
pub mod items;
pub mod latency;
pub mod start;
pub mod switch;
pub mod waiting;

use std::io;
use std::time::{Duration, Instant};

/// Pools and runtimes, which exist before a clock starts.
pub struct Kit {
    /// A pool of one thread.
    pub thread_pool: executors::ThreadPool,
    /// A pool of one process.
    pub process_pool: executors::ProcessPool,
    /// Rayon's threads: as many as there are usable CPUs.
    pub rayon: rayon::ThreadPool,
    /// tokio's threads: likewise.
    pub tokio: tokio::runtime::Runtime,
    /// tokio on one thread.
    pub one_thread: tokio::runtime::Runtime,
}

impl Kit {
    /// Starts all of them.
    ///
    /// # Errors
    ///
    /// When the system refuses threads or processes.
    pub fn new() -> io::Result<Kit> {
        let workers = common::cpus::usable().get();
        let process_pool = executors::ProcessPool::new(1).map_err(io::Error::other)?;
        process_pool.warm_up().map_err(io::Error::other)?;
        Ok(Kit {
            thread_pool: executors::ThreadPool::new(1).map_err(io::Error::other)?,
            process_pool,
            rayon: rayon::ThreadPoolBuilder::new()
                .num_threads(workers)
                .build()
                .map_err(io::Error::other)?,
            tokio: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(workers)
                .enable_all()
                .build()?,
            one_thread: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
        })
    }
}

/// How long something takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// How long something takes that may fail.
pub(crate) fn try_timed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    work: impl FnOnce() -> Result<(), E>,
) -> io::Result<Duration> {
    let start = Instant::now();
    work().map_err(io::Error::other)?;
    Ok(start.elapsed())
}
