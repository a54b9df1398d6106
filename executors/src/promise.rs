//! The other end of a future: for those who write an executor.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::future::Future;
use crate::pool_id::PoolId;
use crate::state::State;

/// What a future asks of whoever is to run its job. Every method has a default: nothing is done.
pub trait Owner: Send + Sync {
    /// Asked before a pending job is cancelled: false if it has been started after all. Where jobs
    /// are started by this process, as in a pool, it need not be asked; where they are started
    /// elsewhere, the answer must take the job back, so that it is never started afterwards.
    fn withdraw(&self) -> bool {
        true
    }

    /// The job has been cancelled before it started: its place in the queue, and what it holds,
    /// can be let go. Called once.
    fn cancelled(&self) {}

    /// Ends the job although it is running; false if that can't be done. The job's future must then
    /// be finished, with [`Error::Cancelled`] unless it was too late for that.
    fn stop(&self) -> bool {
        false
    }

    /// A thread waits for the result, and has nothing else to do. What brings the result nearer can be done
    /// here, on that thread, as long as nothing blocks. Called again and again for some
    /// microseconds, until there is a result; then [`rest`](Owner::rest) is called.
    fn help(&self) {}

    /// The thread that waits goes to sleep: no more [`help`](Owner::help) comes from it.
    fn rest(&self) {}

    /// The pool whose threads must not wait for this job.
    fn pool(&self) -> Option<PoolId> {
        None
    }
}

/// No owner: a future that nobody can stop, and that any thread may wait for.
impl Owner for () {}

/// The duty to finish a future, once.
///
/// Dropped before it is finished, it ends the future with [`Error::Lost`], so that nobody waits for
/// ever.
///
/// # Examples
/// A smallest executor: a thread for each job.
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

/// A future, and the duty to finish it.
pub fn promise<T>(owner: Arc<dyn Owner>) -> (Promise<T>, Future<T>) {
    let state = Arc::new(State::default());
    let promise = Promise {
        state: Arc::clone(&state),
        started: AtomicBool::new(false),
    };
    (promise, Future::new(state, owner))
}

impl<T> Promise<T> {
    /// Claims the job: from now on it is running, and can't be cancelled any more. False if it was
    /// cancelled before (or started).
    pub fn start(&self) -> bool {
        let started = self.state.claim();
        if started {
            self.started.store(true, Ordering::Relaxed);
        }
        started
    }

    /// Takes [`start`](Promise::start) back: the job waits again, and may be cancelled.
    pub fn requeue(&self) {
        if self.started.swap(false, Ordering::Relaxed) {
            self.state.requeue();
        }
    }

    /// Finishes the future. Its callbacks run here, on this thread. The result is dropped if the
    /// job has been cancelled.
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
                what: "its executor let go of it unfinished".to_owned(),
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
