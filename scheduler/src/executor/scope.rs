//! Tasks that borrow.
//!
//! A thread scope may lend its threads what lies on the stack, because it does not return before
//! they have ended. A future cannot promise that: it may be forgotten (`mem::forget`) in the
//! middle, its stack frame reused, while tasks it had *spawned* would still run with references
//! into it. So these tasks are not given to the executor. They belong to the scope's future, and
//! nobody but that polls them: forget it, and they never run again either. No `unsafe` is needed
//! for it. The price is that a scope is one task, with one queue inside.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Runs `body`, and what it spawns in its scope; resolves to the body's output when all have ended.
///
/// What is spawned may borrow whatever lives longer than the scope. When the scope is dropped, so
/// is all that runs in it. A panic of any of them is a panic of the scope.
///
/// The [search for deadlocks](super::Deadlock) does not look into a scope: while one waits, no
/// deadlock is told.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use scheduler::executor::{Executor, scope, yield_now};
///
/// # fn main() -> std::io::Result<()> {
/// let count = Cell::new(0);
/// Executor::new()?.block_on(scope(async |scope| {
///     for _ in 0..3 {
///         scope.spawn(async {
///             yield_now().await;
///             count.update(|count| count + 1);
///         });
///     }
///     let last = scope.spawn(async { count.get() });
///     assert_eq!(last.await, 0, "it did not wait for the others");
/// }));
/// assert_eq!(count.get(), 3);
/// # Ok(()) }
/// ```
pub async fn scope<'env, T>(body: impl AsyncFnOnce(Scope<'env>) -> T) -> T {
    run(body, |_| false).await
}

/// As [`scope`], but when `body` comes to an error, the tasks of the scope are cancelled.
///
/// # Errors
///
/// What `body` comes to.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, try_scope};
///
/// # fn main() -> std::io::Result<()> {
/// let failed: Result<(), &str> = Executor::new()?.block_on(try_scope(async |scope| {
///     let endless = scope.spawn(std::future::pending::<Result<(), &str>>());
///     scope.spawn(async { Err("no such host") }).await?;
///     endless.await
/// }));
/// assert_eq!(failed, Err("no such host"));
/// # Ok(()) }
/// ```
pub async fn try_scope<'env, T, E>(
    body: impl AsyncFnOnce(Scope<'env>) -> Result<T, E>,
) -> Result<T, E> {
    run(body, Result::is_err).await
}

async fn run<'env, T>(body: impl AsyncFnOnce(Scope<'env>) -> T, cancels: impl Fn(&T) -> bool) -> T {
    let tasks = Rc::new(Tasks::default());
    // Tasks may hold the scope that holds them.
    let _owner = Owner(&tasks);
    let mut body = pin!(body(Scope {
        tasks: Rc::clone(&tasks)
    }));
    let mut output = None;
    poll_fn(|context| {
        tasks.ready.wait(context.waker());
        if output.is_none()
            && let Poll::Ready(value) = body.as_mut().poll(context)
        {
            if cancels(&value) {
                return Poll::Ready(value);
            }
            output = Some(value);
        }
        // A task that finishes may wake the body: it is polled again before this is pending.
        tasks.poll();
        match tasks.running.borrow().is_empty() && tasks.fresh.borrow().is_empty() {
            true => output.take().map_or(Poll::Pending, Poll::Ready),
            false => Poll::Pending,
        }
    })
    .await
}

/// Where tasks that borrow are spawned; clones are the same scope.
#[derive(Clone)]
pub struct Scope<'env> {
    tasks: Rc<Tasks<'env>>,
}

impl<'env> Scope<'env> {
    /// Starts a task in this scope, and returns its result to be awaited. Dropping that detaches
    /// the task, but not from the scope. In a scope that has ended the future is dropped at once.
    pub fn spawn<F>(&self, future: F) -> Scoped<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let result = Rc::new(Returned {
            value: Cell::new(Value::Awaited),
            joiner: Cell::new(None),
            aborted: Cell::new(false),
            task: Cell::new(None),
        });
        let returned = Return(Rc::clone(&result));
        self.tasks.add(Box::pin(async move {
            let mut future = pin!(future);
            let value = poll_fn(|context| {
                if returned.0.aborted.get() {
                    return Poll::Ready(None);
                }
                returned.keep(context.waker());
                future.as_mut().poll(context).map(Some)
            })
            .await;
            if let Some(value) = value {
                returned.0.value.set(Value::There(value));
            }
        }));
        Scoped { result }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope")
    }
}

enum Value<T> {
    Awaited,
    There(T),
    Taken,
    /// The task was dropped before it returned.
    Cancelled,
}

struct Returned<T> {
    value: Cell<Value<T>>,
    joiner: Cell<Option<Waker>>,
    aborted: Cell<bool>,
    /// What the task was last polled with.
    task: Cell<Option<Waker>>,
}

/// Tells who waits when the task has ended, however it does.
struct Return<T>(Rc<Returned<T>>);

impl<T> Return<T> {
    fn keep(&self, waker: &Waker) {
        let kept = self.0.task.take();
        let kept = kept.filter(|kept| kept.will_wake(waker));
        self.0.task.set(kept.or_else(|| Some(waker.clone())));
    }
}

impl<T> Drop for Return<T> {
    fn drop(&mut self) {
        drop(self.0.task.take());
        match self.0.value.replace(Value::Cancelled) {
            Value::Awaited => {}
            value => self.0.value.set(value),
        }
        if let Some(joiner) = self.0.joiner.take() {
            joiner.wake();
        }
    }
}

/// The result of a task in a scope, to be awaited.
///
/// # Panics
///
/// Awaiting it panics when the task was [aborted](Scoped::abort) or its scope had ended, and when
/// it has given its result before.
pub struct Scoped<T> {
    result: Rc<Returned<T>>,
}

impl<T> Scoped<T> {
    /// Cancels the task: its future is dropped where it stands, when the scope runs next.
    pub fn abort(&self) {
        self.result.aborted.set(true);
        if let Some(task) = self.result.task.take() {
            task.wake();
        }
    }

    /// Waits for the task; `None` if it was cancelled.
    ///
    /// # Panics
    ///
    /// If it has given its result before.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::executor::{Executor, scope};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// Executor::new()?.block_on(scope(async |scope| {
    ///     let endless = scope.spawn(std::future::pending::<()>());
    ///     endless.abort();
    ///     assert_eq!(endless.unless_cancelled().await, None);
    /// }));
    /// # Ok(()) }
    /// ```
    pub async fn unless_cancelled(self) -> Option<T> {
        poll_fn(|context| self.poll_value(context)).await
    }

    fn poll_value(&self, context: &Context<'_>) -> Poll<Option<T>> {
        match self.result.value.replace(Value::Taken) {
            Value::There(value) => Poll::Ready(Some(value)),
            Value::Taken => panic!("this task has given its result before: it is awaited once"),
            Value::Cancelled => {
                self.result.value.set(Value::Cancelled);
                Poll::Ready(None)
            }
            Value::Awaited => {
                self.result.value.set(Value::Awaited);
                self.result.joiner.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl<T> Future for Scoped<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.poll_value(context)
            .map(|value| value.unwrap_or_else(|| panic!("this task of the scope was cancelled")))
    }
}

impl<T> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scoped")
    }
}

type Task<'env> = Pin<Box<dyn Future<Output = ()> + 'env>>;

#[derive(Default)]
struct Tasks<'env> {
    running: RefCell<BTreeMap<u64, (Task<'env>, Arc<TaskWaker>)>>,
    fresh: RefCell<VecDeque<Task<'env>>>,
    spawned: Cell<u64>,
    ended: Cell<bool>,
    ready: Arc<Ready>,
}

/// Drops the tasks with the scope.
struct Owner<'a, 'env>(&'a Tasks<'env>);

impl Drop for Owner<'_, '_> {
    fn drop(&mut self) {
        self.0.ended.set(true);
        // Out of the cells first: destructors may spawn.
        drop(self.0.running.take());
        drop(self.0.fresh.take());
    }
}

impl<'env> Tasks<'env> {
    fn add(&self, task: Task<'env>) {
        if self.ended.get() {
            return;
        }
        self.fresh.borrow_mut().push_back(task);
        self.ready.wake();
    }

    /// Polls those who are ready; those who become so meanwhile have their turn the next time.
    fn poll(&self) {
        for task in self.fresh.take() {
            let number = self.spawned.get();
            self.spawned.set(number + 1);
            let waker = Arc::new(TaskWaker {
                number,
                queued: AtomicBool::new(true),
                ready: Arc::clone(&self.ready),
            });
            self.ready.lock().0.push_back(number);
            self.running.borrow_mut().insert(number, (task, waker));
        }
        for number in self.ready.take() {
            // Out of the map while it runs, for it may look into it.
            let found = self.running.borrow_mut().remove(&number);
            let Some((mut task, waker)) = found else {
                continue;
            };
            // Before it is polled: a wake-up that comes meanwhile counts.
            waker.queued.store(false, Ordering::Release);
            let handed_out = Waker::from(Arc::clone(&waker));
            let polled = task.as_mut().poll(&mut Context::from_waker(&handed_out));
            if polled.is_pending() {
                self.running.borrow_mut().insert(number, (task, waker));
            }
        }
        if !self.fresh.borrow().is_empty() {
            self.ready.wake();
        }
    }
}

/// Who is ready; wakers, which may be on any thread, write here.
#[derive(Default)]
struct Ready(Mutex<(VecDeque<u64>, Option<Waker>)>);

impl Ready {
    fn lock(&self) -> std::sync::MutexGuard<'_, (VecDeque<u64>, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> VecDeque<u64> {
        std::mem::take(&mut self.lock().0)
    }

    /// Has the scope's own task woken when somebody is ready.
    fn wait(&self, waker: &Waker) {
        let old = self.lock().1.replace(waker.clone());
        drop(old);
    }

    fn wake(&self) {
        let waker = self.lock().1.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct TaskWaker {
    number: u64,
    /// It is among those who are ready: it need not be put there again.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.lock().0.push_back(self.number);
            self.ready.wake();
        }
    }
}
