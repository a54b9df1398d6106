//! Setting up a thread pool.

use std::fmt;
use std::sync::Arc;

use super::{Core, DEFAULT_QUEUE_LIMIT, ThreadPool};
use crate::at_exit::{self, AtExit};
use crate::error::Error;
use crate::{panics, workers};

pub(super) type Initializer = dyn Fn() + Send + Sync;

/// Sets up a [`ThreadPool`].
///
/// # Examples
/// ```
/// use executors::ThreadPool;
///
/// # fn main() -> Result<(), executors::Error> {
/// let pool = ThreadPool::builder()
///     .workers(2)
///     .thread_name("crunch")
///     .queue_limit(100)
///     .initializer(|| println!("{:?} is ready", std::thread::current().name()))
///     .build()?;
/// let name = pool.spawn(|| std::thread::current().name().map(str::to_owned))?.result()?;
/// assert!(name.unwrap().starts_with("crunch-"));
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing before `build`"]
pub struct ThreadPoolBuilder {
    workers: Option<usize>,
    thread_name: String,
    queue_limit: usize,
    initializer: Option<Arc<Initializer>>,
    at_exit: Option<AtExit>,
}

impl ThreadPoolBuilder {
    /// How many threads: as many as this process may use CPUs unless said otherwise.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// What the threads are called, before `-0`, `-1` and so on: `thread-pool` unless said
    /// otherwise.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// How many jobs may be pending before submitting blocks:
    /// [8192](DEFAULT_QUEUE_LIMIT) unless said otherwise, and at least 1.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.queue_limit = jobs.max(1);
        self
    }

    /// What each thread does before its first job. If it panics, the pool is broken.
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.initializer = Some(Arc::new(initializer));
        self
    }

    /// What becomes of the jobs when the program ends while the pool is there: when `main` returns
    /// and the pool is in a `static`, or at [`std::process::exit`]. Nothing unless said otherwise:
    /// the threads end in the middle of their jobs, and what is pending is forgotten.
    pub fn at_exit(mut self, what: AtExit) -> Self {
        self.at_exit = Some(what);
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::NoWorkers`] or [`Error::TooManyWorkers`]; [`Error::Spawn`] if a thread cannot be
    /// started (those that have been are ended again).
    pub fn build(self) -> Result<ThreadPool, Error> {
        let workers = workers::count(self.workers)?;
        panics::install();
        let core = Core::new(self.queue_limit, self.thread_name, self.initializer);
        let pool = ThreadPool {
            core: Arc::new(core),
        };
        pool.core.resize(workers)?;
        if let Some(what) = self.at_exit {
            at_exit::register(&pool.core, what);
        }
        Ok(pool)
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("workers", &self.workers)
            .field("thread_name", &self.thread_name)
            .field("queue_limit", &self.queue_limit)
            .finish_non_exhaustive()
    }
}

impl Default for ThreadPoolBuilder {
    fn default() -> Self {
        Self {
            workers: None,
            thread_name: "thread-pool".to_owned(),
            queue_limit: DEFAULT_QUEUE_LIMIT,
            initializer: None,
            at_exit: None,
        }
    }
}
