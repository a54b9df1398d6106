//! Sets up a thread pool.

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
    /// Sets the number of threads. The default is the number of CPUs that this process may use.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the name of the threads, which is followed by `-0`, `-1` and so on. The default is
    /// `thread-pool`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// Sets how many jobs may be pending before submitting blocks, at least 1. The default is
    /// [8192](DEFAULT_QUEUE_LIMIT).
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.queue_limit = jobs.max(1);
        self
    }

    /// Sets a function that each thread runs before its first job. If it panics, the pool is
    /// broken.
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.initializer = Some(Arc::new(initializer));
        self
    }

    /// Sets what happens to the jobs if the program ends while the pool exists: when `main` returns
    /// and the pool is in a `static`, or at [`std::process::exit`]. By default the threads end in
    /// the middle of their jobs, and pending jobs are dropped.
    pub fn at_exit(mut self, what: AtExit) -> Self {
        self.at_exit = Some(what);
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::NoWorkers`] or [`Error::TooManyWorkers`]; [`Error::Spawn`] if a thread can't be
    /// started (the threads that were started are ended again).
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
