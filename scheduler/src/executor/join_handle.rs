//! What `spawn` returns: the task's result, when it has ended.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::TaskId;
use super::task::TaskRef;

/// Why there is no result.
#[derive(thiserror::Error)]
pub enum JoinError {
    /// The task was aborted, or its executor is gone.
    #[error("the task was cancelled")]
    Cancelled,
    /// The task panicked, with this.
    #[error("the task panicked: {0}")]
    Panicked(Panic),
}

/// What a task panicked with.
// Errors are passed around, so this is `Sync`, as what it holds is not; and in a box, so that a
// task that does not panic has no room for it.
pub struct Panic(Box<Mutex<Box<dyn Any + Send>>>);

impl Panic {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Panic {
        Panic(Box::new(Mutex::new(payload)))
    }

    /// What was given to `panic!`, or to `panic_any`.
    pub fn into_inner(self) -> Box<dyn Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        f.write_str(text.unwrap_or("(no message)"))
    }
}

impl JoinError {
    /// Goes on with the task's panic, if there was one.
    ///
    /// # Panics
    ///
    /// With what the task panicked with; or, if it was cancelled, with that news.
    pub fn resume(self) -> ! {
        match self {
            JoinError::Panicked(panic) => std::panic::resume_unwind(panic.into_inner()),
            JoinError::Cancelled => panic!("{}", JoinError::Cancelled),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("Cancelled"),
            JoinError::Panicked(panic) => write!(f, "Panicked({:?})", panic.to_string()),
        }
    }
}

/// The result of a task, to be awaited.
///
/// Dropping it **detaches** the task: it goes on, and its result is dropped. To end it call
/// [`abort`](JoinHandle::abort), or let a combinator own it that does:
/// [`gather`](super::gather), [`TaskGroup`](super::TaskGroup), [`select`](super::select),
/// [`timeout`](super::timeout) and [`scope`](super::scope) drop what they no longer need, and with it all that runs in there.
///
/// # Panics
///
/// Awaiting it again when it has given its result panics.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, JoinError, spawn};
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let sum = spawn(async { 2 + 2 });
///     assert_eq!(sum.await.unwrap(), 4);
///
///     let bad = spawn(async { panic!("on purpose") });
///     assert_eq!(bad.await.unwrap_err().to_string(), "the task panicked: on purpose");
///
///     let endless = spawn(std::future::pending::<()>());
///     endless.abort();
///     assert!(matches!(endless.await, Err(JoinError::Cancelled)));
/// });
/// # Ok(()) }
/// ```
#[must_use = "dropping it detaches the task; write `drop` if that is meant"]
pub struct JoinHandle<T> {
    task: TaskRef,
    // Neither `Send` nor `Sync`: the output is taken at home.
    output: PhantomData<Rc<T>>,
}

impl<T> JoinHandle<T> {
    /// The handle of a task whose output is a `T`, and whose handle's reference this takes.
    pub(super) fn new(task: TaskRef) -> JoinHandle<T> {
        JoinHandle {
            task,
            output: PhantomData,
        }
    }

    /// Cancels the task: its future is dropped where it stands. That happens at once; only a task
    /// that aborts itself goes on to its next await. Nothing happens to one that has ended.
    ///
    /// An await point is where a future may be dropped, so a task that must not be cut off between
    /// two awaits should do what is between them in a task of its own, or in a destructor.
    ///
    /// When destructors of tasks call this, more than 32 of them one inside of another, the future is
    /// dropped when these have returned: a chain of any length needs no more stack than that.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// The future and its output are gone when this returns, unless it is running.
    pub(super) fn end_now(&self) {
        self.task.end_now();
    }

    /// What aborts the task without its handle.
    pub fn abort_handle(&self) -> AbortHandle {
        self.task.hold();
        AbortHandle { task: self.task }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.task.finished()
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.task.id()
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[expect(unsafe_code, reason = "the output's type is known here only")]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.task.finished() {
            self.task.set_joiner(context.waker());
            return Poll::Pending;
        }
        // SAFETY: who makes a handle says that it is the task's type.
        match unsafe { self.task.take::<T>() } {
            Some(output) => Poll::Ready(output),
            None => panic!("this task has given its result before: a handle is awaited once"),
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.task.detach();
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("task", &self.id().number())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// Aborts a task that somebody else awaits, or nobody; made by [`JoinHandle::abort_handle`].
pub struct AbortHandle {
    task: TaskRef,
}

impl AbortHandle {
    /// As [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.task.finished()
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.task.id()
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> AbortHandle {
        self.task.hold();
        AbortHandle { task: self.task }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        self.task.release();
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AbortHandle({})", self.id())
    }
}
