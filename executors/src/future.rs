//! The future of a submitted job.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::gate::Gate;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::state::State;

/// A result that may not be ready yet. [`submit`](crate::Executor::submit) returns it.
///
/// Block on it with [`result`](Future::result), check it with [`try_result`](Future::try_result),
/// add a callback with [`on_done`](Future::on_done), or `.await` it under any runtime. Dropping it
/// does not stop the job; the result is then dropped too.
#[must_use = "a dropped future loses the result, and the error if there is one"]
pub struct Future<T> {
    state: Arc<State<T>>,
    owner: Arc<dyn Owner>,
    /// The result, if [`peek`](Future::peek) has taken it from the state.
    peeked: Option<Result<T, Error>>,
}

impl<T> Future<T> {
    pub(crate) fn new(state: Arc<State<T>>, owner: Arc<dyn Owner>) -> Self {
        Self {
            state,
            owner,
            peeked: None,
        }
    }

    /// Waits for the result, without a time limit.
    ///
    /// # Errors
    /// The error of the job; or [`Error::Deadlock`], if the job is not done and this thread is a
    /// worker of the pool that the job was submitted to. (This is refused even if another worker is
    /// free: a program that fails only under load is worse than one that fails at once.)
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// let pool = executors::ThreadPool::new(2)?;
    /// let future = pool.spawn(|| 6 * 7)?;
    /// assert_eq!(future.result(), Ok(42));
    /// # Ok(()) }
    /// ```
    pub fn result(mut self) -> Result<T, Error> {
        self.check_deadlock()?;
        self.wait(None);
        self.take().unwrap_or(Err(Error::Taken))
    }

    /// Waits for the result, at most for `timeout`. A time-out does not stop the job, and it can be
    /// waited for again.
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
        // A time-out too long for an `Instant` means no time-out.
        if self.wait(Instant::now().checked_add(timeout)) {
            self.take().unwrap_or(Err(Error::Taken))
        } else {
            Err(Error::TimedOut { after: timeout })
        }
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        let (help, rest) = (|| self.owner.help(), || self.owner.rest());
        self.state.wait(deadline, help, rest)
    }

    /// The result, if it is ready; otherwise `None`. Never blocks.
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
        if self.state.is_done() {
            self.take()
        } else {
            None
        }
    }

    /// A reference to the result, if it is ready. Never blocks.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Until, wait};
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(1)?;
    /// let mut future = pool.spawn(|| String::from("done"))?;
    /// wait(std::slice::from_ref(&future), Until::AllCompleted, None)?;
    /// assert_eq!(future.peek(), Some(&Ok(String::from("done"))));
    /// assert_eq!(future.result(), Ok(String::from("done")));
    /// # Ok(()) }
    /// ```
    pub fn peek(&mut self) -> Option<&Result<T, Error>> {
        if self.peeked.is_none() && self.state.is_done() {
            self.peeked = self.state.take();
        }
        self.peeked.as_ref()
    }

    fn take(&mut self) -> Option<Result<T, Error>> {
        self.peeked.take().or_else(|| self.state.take())
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
        let refuse = || {
            self.state
                .refuse(Error::Cancelled, || self.owner.cancelled())
        };
        // A job that its owner has withdrawn may end by itself before it is refused here.
        self.state.is_pending() && self.owner.withdraw() && (refuse() || self.state.is_cancelled())
    }

    /// Cancels the job, whether it runs or not. A job that runs in a process is killed with its
    /// worker, which is replaced; the other jobs of its chunk are killed with it. A thread can't be
    /// killed: then, and if the job is done, it returns false and changes nothing.
    ///
    /// The result is [`Error::Cancelled`], unless the job ends before it is killed.
    ///
    /// # Examples
    /// ```
    /// # use executors::{Error, Executor, Job, ProcessPool, job};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Forever;
    ///
    /// impl Job for Forever {
    ///     type Output = ();
    ///     fn run(self) { loop { std::thread::park() } }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// # executors::hook(&[job::<Forever>()]);
    /// # let pool = ProcessPool::new(1)?;
    /// let stuck = pool.submit(Forever)?;
    /// while !stuck.is_running() {
    ///     std::thread::yield_now();
    /// }
    /// assert!(!stuck.cancel());
    /// assert!(stuck.cancel_running());
    /// assert_eq!(stuck.result(), Err(Error::Cancelled));
    /// # Ok(()) }
    /// ```
    pub fn cancel_running(&self) -> bool {
        self.cancel() || (!self.is_done() && self.owner.stop())
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
        self.state.is_done()
    }

    /// Whether the job has started but not ended; see [`is_done`](Future::is_done).
    pub fn is_running(&self) -> bool {
        self.state.is_running()
    }

    /// Whether the job was cancelled (and its result has not been taken); see
    /// [`is_done`](Future::is_done).
    pub fn is_cancelled(&self) -> bool {
        matches!(self.peeked, Some(Err(Error::Cancelled))) || self.state.is_cancelled()
    }

    /// Registers a callback, which is called once with the result. It runs on the thread that
    /// finishes the job (a thread of the pool, or the one that waits for this job), or at once on
    /// this thread if the job is done. A thread that waits for the future waits for its callbacks
    /// too, so keep them short.
    ///
    /// A panic in a callback is reported by the panic hook and has no other effect. The callback
    /// must not wait for another job of the same pool ([`Error::Deadlock`]).
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
        if let Some(result) = &self.peeked {
            crate::panics::contain(|| callback(result));
        } else {
            self.state.on_done(Box::new(callback));
        }
    }

    /// Refuses a wait that would block the worker that the job needs.
    pub(crate) fn check_deadlock(&self) -> Result<(), Error> {
        let here = PoolId::of_this_thread();
        if here.is_some() && here == self.owner.pool() && !self.state.is_done() {
            return Err(Error::Deadlock);
        }
        Ok(())
    }

    pub(crate) fn watch(&self, index: usize, gate: &Arc<Gate>) {
        self.state.watch(index, gate);
    }

    pub(crate) fn unwatch(&self, gate: &Arc<Gate>) {
        self.state.unwatch(gate);
    }
}

// Nothing in a future is pinned: it holds pointers, and a result that is moved out.
impl<T> Unpin for Future<T> {}

impl<T> std::future::Future for Future<T> {
    type Output = Result<T, Error>;

    /// [`Error::Deadlock`] in a worker of the pool that the job was submitted to, as with
    /// [`result`](Future::result): a `block_on` there blocks the worker that the job may need.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.peeked.take() {
            return Poll::Ready(result);
        }
        self.check_deadlock()?;
        self.state.poll(context)
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.state.is_done() {
            "done"
        } else if self.state.is_running() {
            "running"
        } else {
            "pending"
        };
        f.debug_tuple("Future").field(&state).finish()
    }
}
