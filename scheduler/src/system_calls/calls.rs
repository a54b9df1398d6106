//! The kernel as a task sees it: its system calls.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use super::{End, TaskId};
use crate::generator::{Co, Generator, coroutine};

/// A request of a task.
pub(super) enum Call {
    Yield,
    Id,
    Spawn(&'static str, Frame),
    Wait(TaskId),
    Kill(TaskId),
    Sleep(Duration),
    Enter(Frame),
}

/// An answer of the kernel.
pub(super) enum Reply {
    Done,
    Task(TaskId),
    Was(bool),
    Ended(Option<End>),
}

/// One level of a task's nested calls.
pub(super) type Frame = Generator<Call, Reply, Pin<Box<dyn Future<Output = ()>>>>;

pub(super) fn frame<F>(body: impl FnOnce(Sys) -> F) -> Frame
where
    F: Future<Output = ()> + 'static,
{
    coroutine(|co| Box::pin(body(Sys { co })) as Pin<Box<dyn Future<Output = ()>>>)
}

/// The kernel as a task sees it: its system calls. Each one ends the task's turn, except
/// [`call`](Sys::call).
#[derive(Debug)]
pub struct Sys {
    co: Co<Call, Reply>,
}

impl Sys {
    /// Lets the other tasks run.
    pub async fn yield_now(&self) {
        self.co.yield_(Call::Yield).await;
    }

    /// Returns this task's own id.
    pub async fn id(&self) -> TaskId {
        match self.co.yield_(Call::Id).await {
            Reply::Task(id) => id,
            _ => unreachable!("the answer to Id is a task"),
        }
    }

    /// Starts another task.
    pub async fn spawn<F>(&self, name: &'static str, body: impl FnOnce(Sys) -> F) -> TaskId
    where
        F: Future<Output = ()> + 'static,
    {
        match self.co.yield_(Call::Spawn(name, frame(body))).await {
            Reply::Task(id) => id,
            _ => unreachable!("the answer to Spawn is a task"),
        }
    }

    /// Waits until a task has ended. Returns how it ended; `None` at once if it had ended before.
    pub async fn wait(&self, task: TaskId) -> Option<End> {
        match self.co.yield_(Call::Wait(task)).await {
            Reply::Ended(end) => end,
            _ => unreachable!("the answer to Wait is an end"),
        }
    }

    /// Ends a task at its present yield. Its destructors run. Returns false if it had ended before.
    ///
    /// If a task kills itself, this does not return.
    pub async fn kill(&self, task: TaskId) -> bool {
        match self.co.yield_(Call::Kill(task)).await {
            Reply::Was(there) => there,
            _ => unreachable!("the answer to Kill is yes or no"),
        }
    }

    /// Sleeps at least this long. The others run meanwhile.
    pub async fn sleep(&self, time: Duration) {
        self.co.yield_(Call::Sleep(time)).await;
    }

    /// Runs `body` in this task's place, and returns its result; see the
    /// [module](crate::system_calls). It does not end the turn.
    ///
    /// # Panics
    ///
    /// If calls are nested deeper than [`MAX_DEPTH`](crate::system_calls::MAX_DEPTH).
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::system_calls::{Kernel, Sys};
    ///
    /// async fn depth(sys: Sys, levels: u64) -> u64 {
    ///     match levels {
    ///         0 => 0,
    ///         levels => 1 + sys.call(move |sys| depth(sys, levels - 1)).await,
    ///     }
    /// }
    ///
    /// let mut kernel = Kernel::new();
    /// kernel.spawn("deep", |sys| async {
    ///     assert_eq!(depth(sys, 10_000).await, 10_000);
    /// });
    /// kernel.run()?;
    /// # Ok::<(), scheduler::system_calls::Stuck>(())
    /// ```
    pub async fn call<T, F>(&self, body: impl FnOnce(Sys) -> F + 'static) -> T
    where
        T: 'static,
        F: Future<Output = T> + 'static,
    {
        let result = Rc::new(Cell::new(None));
        let returned = Rc::clone(&result);
        let callee = frame(|sys| async move { returned.set(Some(body(sys).await)) });
        self.co.yield_(Call::Enter(callee)).await;
        match result.take() {
            Some(result) => result,
            None => unreachable!("a caller goes on when its callee has returned"),
        }
    }
}
