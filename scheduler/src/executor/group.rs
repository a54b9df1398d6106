//! Groups of tasks.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::waits::{Held, WaitedFor, make_known};
use super::{AbortHandle, JoinError, JoinHandle, TaskId, spawn};

/// A group of tasks. They are awaited in the order in which they end. Dropping the group aborts the
/// remaining ones.
///
/// If one fails, [`join_all`](TaskGroup::join_all) returns its error at once and cancels the
/// others. For futures that borrow, use a [`scope`](super::scope).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use scheduler::executor::{Executor, TaskGroup, sleep};
///
/// # fn main() -> std::io::Result<()> {
/// let order = Executor::new()?.block_on(async {
///     let mut group = TaskGroup::new();
///     for n in [3, 1, 2] {
///         group.spawn(async move {
///             sleep(Duration::from_millis(5 * n)).await;
///             n
///         });
///     }
///     let mut order = Vec::new();
///     while let Some((_task, result)) = group.next_done().await {
///         order.extend(result);
///     }
///     order
/// });
/// assert_eq!(order, [1, 2, 3]);
/// # Ok(()) }
/// ```
pub struct TaskGroup<T> {
    tasks: HashMap<u64, JoinHandle<T>>,
    spawned: u64,
    ended: Rc<Ended>,
}

/// The tasks that have ended, and the task that waits for the next end.
#[derive(Default)]
struct Ended {
    tasks: RefCell<VecDeque<u64>>,
    left: Cell<usize>,
    waiter: RefCell<Option<Held>>,
    known: Cell<bool>,
}

impl Ended {
    fn wait(self: &Rc<Self>, waker: &Waker) {
        if !self.known.replace(true) {
            let this: Rc<dyn WaitedFor> = Rc::clone(self) as _;
            make_known(Rc::downgrade(&this));
        }
        let old = self.waiter.take();
        let new = match old.as_ref().is_some_and(|old| old.will_wake(waker)) {
            true => old,
            false => Some(Held::new(waker)),
        };
        self.waiter.replace(new);
    }
}

impl WaitedFor for Ended {
    fn waiters(&self, tell: &mut dyn FnMut(&Held)) {
        self.waiter.borrow().iter().for_each(tell);
    }

    fn describe(&self, _: &dyn Fn(TaskId) -> String) -> String {
        match self.left.get() {
            1 => "the end of its group's last task".to_owned(),
            left => format!("the end of one of its group's {left} tasks"),
        }
    }
}

/// Tells the group when its task has ended, however it ends.
struct TellEnd(u64, Rc<Ended>);

impl Drop for TellEnd {
    fn drop(&mut self) {
        self.1.left.update(|left| left - 1);
        self.1.tasks.borrow_mut().push_back(self.0);
        let waiter = self.1.waiter.take();
        waiter.into_iter().for_each(Held::wake);
    }
}

impl<T> Default for TaskGroup<T> {
    fn default() -> Self {
        TaskGroup {
            tasks: HashMap::new(),
            spawned: 0,
            ended: Rc::default(),
        }
    }
}

impl<T: 'static> TaskGroup<T> {
    /// An empty group.
    pub fn new() -> TaskGroup<T> {
        TaskGroup::default()
    }

    /// Starts a task of the group.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    #[track_caller]
    pub fn spawn(&mut self, future: impl Future<Output = T> + 'static) -> AbortHandle {
        let number = self.spawned;
        self.spawned += 1;
        self.ended.left.update(|left| left + 1);
        let tell = TellEnd(number, Rc::clone(&self.ended));
        let task = spawn(async move {
            let _tell = tell;
            future.await
        });
        let abort = task.abort_handle();
        self.tasks.insert(number, task);
        abort
    }

    /// The result of the task that ends next, and its id; `None` if none is left. If this future is
    /// dropped before it is ready, no result is lost.
    pub async fn next_done(&mut self) -> Option<(TaskId, Result<T, JoinError>)> {
        let (_, id, result) = self.next_numbered().await?;
        Some((id, result))
    }

    /// The same, with the number of tasks that were spawned before it.
    pub(super) async fn next_numbered(&mut self) -> Option<(u64, TaskId, Result<T, JoinError>)> {
        if self.tasks.is_empty() {
            return None;
        }
        let (number, mut task) = poll_fn(|context| {
            let number = self.ended.tasks.borrow_mut().pop_front();
            match number.and_then(|number| self.tasks.remove_entry(&number)) {
                Some(ended) => Poll::Ready(ended),
                None => {
                    self.ended.wait(context.waker());
                    Poll::Pending
                }
            }
        })
        .await;
        let id = task.id();
        Some((number, id, (&mut task).await))
    }

    /// Aborts all remaining tasks. Their results are then `Cancelled`.
    pub fn abort_all(&self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }

    /// How many tasks are left whose result was not returned yet.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all results were returned.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T: 'static, E: 'static> TaskGroup<Result<T, E>> {
    /// Waits for all tasks. Returns their outputs in the order in which they were spawned.
    ///
    /// # Errors
    ///
    /// The first error of a task, as soon as it comes. The others are then cancelled.
    ///
    /// # Panics
    ///
    /// When a task panics, with the same payload; and when one was aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::executor::{Executor, TaskGroup};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let failed = Executor::new()?.block_on(async {
    ///     let mut group = TaskGroup::new();
    ///     group.spawn(std::future::pending::<Result<(), &str>>());
    ///     group.spawn(async { Err("no such host") });
    ///     group.join_all().await
    /// });
    /// assert_eq!(failed, Err("no such host"), "and the first was cancelled");
    /// # Ok(()) }
    /// ```
    pub async fn join_all(mut self) -> Result<Vec<T>, E> {
        let mut outputs: Vec<Option<T>> = Vec::new();
        while let Some((number, _, result)) = self.next_numbered().await {
            let output = result.unwrap_or_else(|error| error.resume())?;
            let place = number as usize;
            if outputs.len() <= place {
                outputs.resize_with(place + 1, || None);
            }
            outputs[place] = Some(output);
        }
        Ok(outputs.into_iter().flatten().collect())
    }
}

impl<T> Drop for TaskGroup<T> {
    fn drop(&mut self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }
}

impl<T> fmt::Debug for TaskGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskGroup({} left)", self.tasks.len())
    }
}
