//! Join handles: `spawn` returns one, and it gives the task's result when the task has ended.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::TaskId;
use super::task::TaskRef;

/// Why a task has no result.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The task was aborted, or its executor was dropped.
    #[error("the task was cancelled")]
    Cancelled,
    /// The task panicked. This contains the payload.
    #[error("the task panicked: {0}")]
    Panicked(Panic),
}

/// The payload of a task's panic.
// Errors should be `Sync`, but the payload is not, so it is in a mutex. It is boxed so that a task
// that does not panic needs no room for it.
pub struct Panic(Box<Mutex<Box<dyn Any + Send>>>);

impl Panic {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Panic {
        Panic(Box::new(Mutex::new(payload)))
    }

    /// The payload: the value that was given to `panic!` or `panic_any`.
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
    /// Continues the task's panic here, if there was one.
    ///
    /// # Panics
    ///
    /// With the task's payload, or with a message if the task was cancelled.
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

/// The handle of a task. Awaiting it gives the result.
///
/// Dropping it **detaches** the task: the task goes on, and its result is dropped. To end the task,
/// call [`abort`](JoinHandle::abort), or use a combinator that does: [`gather`](super::gather),
/// [`TaskGroup`](super::TaskGroup), [`select`](super::select), [`timeout`](super::timeout) and
/// [`scope`](super::scope) drop the futures that they need no longer, and all that runs in them.
///
/// # Panics
///
/// If it is awaited again after it has given its result.
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
    // Neither `Send` nor `Sync`: the output is taken on the home thread.
    output: PhantomData<Rc<T>>,
}

impl<T> JoinHandle<T> {
    /// A handle of a task with the output `T`. It takes over the handle's reference.
    pub(super) fn new(task: TaskRef) -> JoinHandle<T> {
        JoinHandle {
            task,
            output: PhantomData,
        }
    }

    /// Cancels the task: its future is dropped at its present await point. That happens at once,
    /// unless the task aborts itself: then it runs on to its next await. It does nothing if the
    /// task has ended.
    ///
    /// At each await point a future may be dropped. If a task must not be cancelled between two
    /// awaits, put the code between them into a task of its own, or into a destructor.
    ///
    /// If destructors of tasks call this, more than 32 of them one inside the other, the future is
    /// dropped after these have returned. So a chain of any length needs only a limited stack.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// When this returns, the future and its output are dropped, unless the future is running.
    pub(super) fn end_now(&self) {
        self.task.end_now();
    }

    /// A handle that can abort the task, without its result.
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

    #[expect(
        unsafe_code,
        reason = "only this function knows the type of the output"
    )]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.task.finished() {
            self.task.set_joiner(context.waker());
            return Poll::Pending;
        }
        // SAFETY: the code that makes a handle promises that `T` is the output's type.
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

/// Aborts a task, whether or not another task awaits it. Made by [`JoinHandle::abort_handle`].
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
