//! The future of a submitted job.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::gate::Gate;
use crate::home::{Home, is_worker_of};
use crate::state::Shared;

/// A result that is not there yet: what [`submit`](crate::Executor::submit) returns.
///
/// Block on it with [`result`](Future::result), ask with [`try_result`](Future::try_result), leave
/// a callback with [`on_done`](Future::on_done), or `.await` it under any runtime. Dropping it
/// does not stop the job; its result is then dropped too.
#[must_use = "a dropped future loses the result, and the error if there is one"]
pub struct Future<T> {
    shared: Arc<Shared<T>>,
    home: Arc<dyn Home>,
}

impl<T> Future<T> {
    pub(crate) fn new(shared: Arc<Shared<T>>, home: Arc<dyn Home>) -> Self {
        Self { shared, home }
    }

    /// The result, waited for as long as it takes.
    ///
    /// # Errors
    /// What became of the job instead of a result, or [`Error::Deadlock`] if the job is not done
    /// and this thread is a worker of the very pool it was submitted to. (That is refused whether
    /// or not another worker happens to be free: a program that is wrong only under load is worse
    /// than one that is wrong at once.)
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// let pool = executors::ThreadPool::new(2)?;
    /// let future = pool.spawn(|| 6 * 7)?;
    /// assert_eq!(future.result(), Ok(42));
    /// # Ok(()) }
    /// ```
    pub fn result(self) -> Result<T, Error> {
        self.check_deadlock()?;
        self.shared.wait(None);
        self.shared.take().unwrap_or(Err(Error::Taken))
    }

    /// The result, waited for no longer than `timeout`. The job is not stopped by that, and can
    /// be waited for again.
    ///
    /// # Errors
    /// [`Error::TimedOut`], or as [`result`](Future::result).
    ///
    /// # Examples
    /// ```
    /// # use std::{sync::mpsc, time::Duration};
    /// # use executors::{Error, ThreadPool};
    /// # fn main() -> Result<(), Error> {
    /// # let pool = ThreadPool::new(1)?;
    /// let (send, receive) = mpsc::channel();
    /// let mut future = pool.spawn(move || receive.recv())?;
    /// let early = future.result_timeout(Duration::from_millis(1));
    /// assert!(matches!(early, Err(Error::TimedOut { .. })));
    /// send.send(5).unwrap();
    /// assert_eq!(future.result(), Ok(Ok(5)));
    /// # Ok(()) }
    /// ```
    pub fn result_timeout(&mut self, timeout: Duration) -> Result<T, Error> {
        self.check_deadlock()?;
        // A time-out too long to be a point in time is none.
        if self.shared.wait(Instant::now().checked_add(timeout)) {
            self.shared.take().unwrap_or(Err(Error::Taken))
        } else {
            Err(Error::TimedOut { after: timeout })
        }
    }

    /// The result if it is there; `None` while it is not. Never blocks.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(1)?;
    /// let mut future = pool.spawn(|| "done")?;
    /// let result = loop {
    ///     match future.try_result() {
    ///         Some(result) => break result,
    ///         None => std::thread::yield_now(), // or something useful
    ///     }
    /// };
    /// assert_eq!(result, Ok("done"));
    /// # Ok(()) }
    /// ```
    pub fn try_result(&mut self) -> Option<Result<T, Error>> {
        if self.shared.is_done() {
            self.shared.take()
        } else {
            None
        }
    }

    /// Cancels the job if it has not started: it never runs, and its result is
    /// [`Error::Cancelled`]. False if it has started or is done.
    ///
    /// # Examples
    /// ```
    /// # use std::sync::mpsc;
    /// # use executors::{Error, ThreadPool};
    /// # fn main() -> Result<(), Error> {
    /// let pool = ThreadPool::new(1)?;
    /// let (send, receive) = mpsc::channel::<()>();
    /// let busy = pool.spawn(move || receive.recv())?;
    /// let waiting = pool.spawn(|| unreachable!())?;
    /// assert!(waiting.cancel());
    /// assert_eq!(waiting.result(), Err(Error::Cancelled));
    /// # drop((send, busy));
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) -> bool {
        let cancelled = self.shared.cancel();
        if cancelled {
            self.home.cancelled();
        }
        cancelled
    }

    /// Whether the job has ended: with a result, with an error, or cancelled.
    ///
    /// # Examples
    /// ```
    /// # use std::sync::mpsc;
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(1)?;
    /// let (send, receive) = mpsc::channel();
    /// let (started, wait_for_start) = mpsc::channel();
    /// let first = pool.spawn(move || { started.send(()).unwrap(); receive.recv() })?;
    /// let second = pool.spawn(|| ())?;
    /// wait_for_start.recv().unwrap();
    /// assert!(first.is_running() && !first.is_done() && !second.is_running());
    /// second.cancel();
    /// assert!(second.is_cancelled() && second.is_done());
    /// send.send(()).unwrap();
    /// # let _ = first.result();
    /// # Ok(()) }
    /// ```
    pub fn is_done(&self) -> bool {
        self.shared.is_done()
    }

    /// Whether the job has started and not ended; see [`is_done`](Future::is_done).
    pub fn is_running(&self) -> bool {
        self.shared.is_running()
    }

    /// Whether the job was cancelled before it started (and its result has not been taken); see
    /// [`is_done`](Future::is_done).
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    /// Has `callback` called with the result, once, as soon as there is one: on the thread that
    /// finishes the job, or at once on this one if it is done. Whoever waits for the future waits
    /// for its callbacks too, so keep them short.
    ///
    /// A panic in a callback is reported by the panic hook and goes no further. The callback may
    /// not wait for another job of the same pool ([`Error::Deadlock`]).
    ///
    /// # Examples
    /// ```
    /// # use std::sync::mpsc;
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(1)?;
    /// let (send, receive) = mpsc::channel();
    /// pool.spawn(|| 2 + 2)?.on_done(move |sum| send.send(sum.clone()).unwrap());
    /// assert_eq!(receive.recv().unwrap(), Ok(4));
    /// # Ok(()) }
    /// ```
    pub fn on_done(&mut self, callback: impl FnOnce(&Result<T, Error>) + Send + 'static) {
        self.shared.on_done(Box::new(callback));
    }

    /// Refuses a wait that would hold up the worker the job needs.
    pub(crate) fn check_deadlock(&self) -> Result<(), Error> {
        if is_worker_of(self.home.id()) && !self.shared.is_done() {
            return Err(Error::Deadlock);
        }
        Ok(())
    }

    pub(crate) fn watch(&self, index: usize, gate: &Arc<Gate>) {
        self.shared.watch(index, gate);
    }

    pub(crate) fn unwatch(&self, gate: &Arc<Gate>) {
        self.shared.unwatch(gate);
    }
}

impl<T> std::future::Future for Future<T> {
    type Output = Result<T, Error>;

    /// Never fails with [`Error::Deadlock`]: an awaiting task blocks no worker.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.shared.poll(context)
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.shared.is_done() {
            "done"
        } else if self.shared.is_running() {
            "running"
        } else {
            "pending"
        };
        f.debug_tuple("Future").field(&state).finish()
    }
}
