//! The other end of a future: for authors of executors.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::future::Future;
use crate::pool_id::PoolId;
use crate::state::State;

/// The requests of a future to the executor of its job. The default of every method does nothing.
pub trait Owner: Send + Sync {
    /// Called before a pending job is cancelled. False if it has been started. A pool that starts
    /// its jobs in this process does not need it. If jobs are started elsewhere, it must withdraw
    /// the job, so that it is never started afterwards.
    fn withdraw(&self) -> bool {
        true
    }

    /// The job was cancelled before it started: its place in the queue, and its data, can be freed.
    /// Called once.
    fn cancelled(&self) {}

    /// Ends the job although it is running; false if that is impossible. The job's future must then
    /// be finished, with [`Error::Cancelled`] unless the job ended before.
    fn stop(&self) -> bool {
        false
    }

    /// A thread waits for the result and has nothing else to do. Work that helps to get the result
    /// can be done here, on that thread, but it must not block. It is called repeatedly for some
    /// microseconds, until there is a result; then [`rest`](Owner::rest) is called.
    fn help(&self) {}

    /// The waiting thread goes to sleep, and calls [`help`](Owner::help) no more.
    fn rest(&self) {}

    /// The pool whose threads must not wait for this job.
    fn pool(&self) -> Option<PoolId> {
        None
    }
}

/// No owner: the job can't be stopped, and any thread may wait for it.
impl Owner for () {}

/// The obligation to finish a future, once.
///
/// If it is dropped before it is finished, the future ends with [`Error::Lost`], so that no thread
/// waits forever.
///
/// # Examples
/// A very small executor: one thread per job.
/// ```
/// use std::sync::Arc;
/// use executors::{Error, Future, promise};
///
/// fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Future<T> {
///     let (promise, future) = promise(Arc::new(()));
///     std::thread::spawn(move || {
///         if promise.start() {
///             promise.finish(Ok(job()));
///         }
///     });
///     future
/// }
///
/// assert_eq!(run(|| 6 * 7).result(), Ok(42));
/// assert!(matches!(run(|| panic!("unfinished")).result(), Err::<(), _>(Error::Lost { .. })));
/// ```
#[must_use = "a promise that is dropped ends its future with an error"]
pub struct Promise<T> {
    state: Arc<State<T>>,
    started: AtomicBool,
}

/// A future, and the promise that finishes it.
pub fn promise<T>(owner: Arc<dyn Owner>) -> (Promise<T>, Future<T>) {
    let state = Arc::new(State::default());
    let promise = Promise {
        state: Arc::clone(&state),
        started: AtomicBool::new(false),
    };
    (promise, Future::new(state, owner))
}

impl<T> Promise<T> {
    /// Claims the job: it is running from now on, and can't be cancelled. False if it was cancelled
    /// before (or started).
    pub fn start(&self) -> bool {
        let started = self.state.claim();
        if started {
            self.started.store(true, Ordering::Relaxed);
        }
        started
    }

    /// Undoes [`start`](Promise::start): the job is pending again, and may be cancelled.
    pub fn requeue(&self) {
        if self.started.swap(false, Ordering::Relaxed) {
            self.state.requeue();
        }
    }

    /// Finishes the future. Its callbacks run on this thread. The result is dropped if the job was
    /// cancelled.
    pub fn finish(self, result: Result<T, Error>) {
        self.end(result);
    }

    fn end(&self, result: Result<T, Error>) {
        // `started` is only set by this promise, and cleared when it is finished.
        if self.started.swap(false, Ordering::Relaxed) || self.state.claim() {
            self.state.finish(result);
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.state.is_done() {
            self.end(Err(Error::Lost {
                what: "its executor dropped it unfinished".to_owned(),
            }));
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise")
            .field("done", &self.state.is_done())
            .finish_non_exhaustive()
    }
}
