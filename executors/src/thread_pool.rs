//! An executor whose workers are threads of this process.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::backlog::Pending;
use crate::error::Error;
use crate::executor::{BatchOutput, Executor, Refused};
use crate::future::Future;
use crate::home::{Home, PoolId, become_worker_of, is_worker_of};
use crate::job::Job;
use crate::map::Map;
use crate::panics;
use crate::queue::Queue;
use crate::span;
use crate::state::{Shared, Work};
use crate::sync::{Mutex, lock};

/// The queue's default limit, in jobs: about a megabyte of bookkeeping when it is full.
pub const DEFAULT_QUEUE_LIMIT: usize = 8192;

/// A fixed number of threads that take jobs from one queue, first in first out.
///
/// Made for CPU-bound work, or to keep blocking calls off the threads of an async runtime. It
/// takes [`Job`]s and, since its workers share the program's memory, closures too.
///
/// # Examples
/// ```
/// use executors::ThreadPool;
///
/// # fn main() -> Result<(), executors::Error> {
/// let pool = ThreadPool::new(2)?;
/// let (a, b) = (pool.spawn(|| 20)?, pool.spawn(|| 22)?);
/// assert_eq!(a.result()? + b.result()?, 42);
/// # Ok(()) }
/// ```
pub struct ThreadPool {
    core: Arc<Core>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    workers: usize,
}

/// What the workers and the futures need of the pool.
pub(crate) struct Core {
    id: PoolId,
    queue: Queue<Arc<dyn Task>>,
}

/// A job of any result type.
pub(crate) trait Task: Send + Sync {
    /// Claims it for a worker; false if it has been cancelled.
    fn claim(&self) -> bool;
    /// Does what was claimed.
    fn run(&self);
    fn is_pending(&self) -> bool;
    fn refuse(&self, error: Error) -> bool;
}

impl<T: Send> Task for Shared<T> {
    fn claim(&self) -> bool {
        self.claim()
    }

    fn run(&self) {
        if let Work::Call(call) = self.take_work() {
            self.finish(span::job(|| panics::catch(call)).map_err(Error::from));
        }
    }

    fn is_pending(&self) -> bool {
        self.is_pending()
    }

    fn refuse(&self, error: Error) -> bool {
        self.refuse(error)
    }
}

impl Pending for Arc<dyn Task> {
    fn is_pending(&self) -> bool {
        (**self).is_pending()
    }
}

impl Home for Core {
    fn id(&self) -> PoolId {
        self.id
    }

    fn cancelled(&self) {
        self.queue.note_cancelled();
    }
}

impl Core {
    /// What each thread does all its life.
    fn work(&self, initializer: Option<&Initializer>) {
        become_worker_of(self.id);
        if let Some(initializer) = initializer
            && let Err(panic) = panics::catch(initializer)
        {
            self.break_down(format!(
                "the initializer panicked at {}: {}",
                panic.location, panic.message
            ));
            return;
        }
        while let Some((task, ())) = self.queue.pop(|task| task.claim().then_some(())) {
            // The job's own panics are caught with its result. This one is for a result that
            // nobody wants and whose `drop` panics: the thread has more jobs to do.
            let _ = catch_unwind(AssertUnwindSafe(move || {
                task.run();
                drop(task);
            }));
        }
    }

    /// Gives up: whatever waits, and whatever comes, ends with an error.
    fn break_down(&self, reason: String) {
        let broken = Error::PoolBroken { reason };
        self.queue.close(broken.clone());
        for task in self.queue.drain() {
            task.refuse(broken.clone());
        }
    }

    /// Queues a call. `call` is made only if there is room.
    pub(crate) fn enqueue<T: Send + 'static>(
        self: &Arc<Self>,
        patient: bool,
        call: impl FnOnce() -> Box<dyn FnOnce() -> T + Send>,
    ) -> Result<Future<T>, Error> {
        // A worker that waited for room could be the very one that has to make it.
        let patient = patient && !is_worker_of(self.id);
        let mut future = None;
        self.queue.push(patient, || {
            let shared = Arc::new(Shared::pending(Work::Call(call())));
            future = Some(Arc::clone(&shared));
            shared
        })?;
        // `push` has called the closure, or returned with the error.
        let shared = future.ok_or(Error::ShutDown)?;
        Ok(Future::new(shared, Arc::clone(self) as Arc<dyn Home>))
    }
}

type Initializer = dyn Fn() + Send + Sync;

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

    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::NoWorkers`], or [`Error::Spawn`] if a thread cannot be started (those that have
    /// been are ended again).
    pub fn build(self) -> Result<ThreadPool, Error> {
        let workers = crate::workers(self.workers)?;
        panics::install();
        let pool = ThreadPool {
            core: Arc::new(Core {
                id: PoolId::next(),
                queue: Queue::new(self.queue_limit),
            }),
            threads: Mutex::new(Vec::with_capacity(workers)),
            workers,
        };
        for index in 0..workers {
            let name = format!("{}-{index}", self.thread_name);
            let core = Arc::clone(&pool.core);
            let initializer = self.initializer.clone();
            let thread = thread::Builder::new()
                .name(name.clone())
                .spawn(move || core.work(initializer.as_deref()))
                .map_err(|error| Error::Spawn {
                    what: format!("thread {name}"),
                    message: error.to_string(),
                })?;
            lock(&pool.threads).push(thread);
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

impl ThreadPool {
    /// A pool of so many threads.
    ///
    /// # Errors
    /// As [`ThreadPoolBuilder::build`].
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// A pool to be set up.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder {
            workers: None,
            thread_name: "thread-pool".to_owned(),
            queue_limit: DEFAULT_QUEUE_LIMIT,
            initializer: None,
        }
    }

    /// Hands in a closure. While the queue is full this blocks.
    ///
    /// # Errors
    /// As [`Executor::submit`].
    pub fn spawn<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Future<T>, Error> {
        self.core.enqueue(true, || Box::new(call))
    }

    /// Hands in a closure, unless the queue is full.
    ///
    /// # Errors
    /// As [`Executor::try_submit`]; the closure comes back with the error.
    ///
    /// # Examples
    /// ```
    /// # use std::sync::mpsc;
    /// # use executors::{Error, ThreadPool};
    /// # fn main() -> Result<(), Error> {
    /// let pool = ThreadPool::builder().workers(1).queue_limit(1).build()?;
    /// let (started, wait_for_start) = mpsc::channel();
    /// let (go_on, wait) = mpsc::channel::<()>();
    /// let busy = pool.spawn(move || { started.send(()).unwrap(); wait.recv() })?;
    /// wait_for_start.recv().unwrap();
    /// let queued = pool.spawn(|| ())?;
    /// let refused = pool.try_spawn(|| ()).unwrap_err();
    /// assert_eq!(refused.error, Error::QueueFull { limit: 1 });
    /// # drop(go_on); let _ = (busy.result(), queued.result());
    /// # Ok(()) }
    /// ```
    pub fn try_spawn<T, F>(&self, call: F) -> Result<Future<T>, Refused<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.enqueue_or_return(false, call, |call| Box::new(call))
    }

    /// [`map`](Executor::map) with a closure: its results for all that an iterator yields.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(2)?;
    /// let words = ["many", "hands"].map(String::from);
    /// let lengths: Vec<usize> = pool.map_fn(words, |word| word.len()).collect::<Result<_, _>>()?;
    /// assert_eq!(lengths, [4, 5]);
    /// # Ok(()) }
    /// ```
    pub fn map_fn<I, T>(
        &self,
        items: I,
        call: impl Fn(I::Item) -> T + Send + Sync + 'static,
    ) -> Map<'_, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        T: Send + 'static,
    {
        let call = Arc::new(call);
        Map::new(items.into_iter(), self.workers, false, move |items| {
            let call = Arc::clone(&call);
            self.core.enqueue(true, || {
                Box::new(move || run_each(items, |item| call(item)))
            })
        })
    }

    /// Queues what `wrap` makes of `input`, or returns the input.
    fn enqueue_or_return<I, T: Send + 'static>(
        &self,
        patient: bool,
        input: I,
        wrap: impl FnOnce(I) -> Box<dyn FnOnce() -> T + Send>,
    ) -> Result<Future<T>, Refused<I>> {
        let mut input = Some(input);
        let mut wrap = Some(wrap);
        let result = self.core.enqueue(patient, || {
            let (input, wrap) = input.take().zip(wrap.take()).expect("called once");
            wrap(input)
        });
        match (result, input) {
            (Err(error), Some(job)) => Err(Refused { job, error }),
            (result, _) => Ok(result.expect("the input was taken, so it was queued")),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl Core {
    pub(crate) fn is_current(&self) -> bool {
        is_worker_of(self.id)
    }
}

/// Calls `call` with each, and keeps a panic to the one it happened with.
fn run_each<I, T>(items: Vec<I>, call: impl Fn(I) -> T) -> Vec<Result<T, Error>> {
    items
        .into_iter()
        .map(|item| panics::catch(|| call(item)).map_err(Error::from))
        .collect()
}

impl Executor for ThreadPool {
    fn submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Error> {
        self.spawn(move || job.run())
    }

    fn try_submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Refused<J>> {
        self.enqueue_or_return(false, job, |job| Box::new(move || job.run()))
    }

    fn submit_batch<J: Job>(&self, jobs: Vec<J>) -> Result<Future<BatchOutput<J>>, Error> {
        self.spawn(move || run_each(jobs, Job::run))
    }

    fn workers(&self) -> usize {
        self.workers
    }

    fn pending(&self) -> usize {
        self.core.queue.len()
    }

    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.core.queue.close(Error::ShutDown);
        if cancel_pending {
            for task in self.core.queue.drain() {
                task.refuse(Error::Cancelled);
            }
        }
        if !wait {
            return Ok(());
        }
        if self.core.is_current() {
            return Err(Error::Deadlock);
        }
        let threads = std::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            // A worker catches every panic, so it ends well.
            let _ = thread.join();
        }
        Ok(())
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        // The last owner may be a job of this pool: then the threads end by themselves.
        let _ = self.shutdown(true, thread::panicking());
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("workers", &self.workers)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
