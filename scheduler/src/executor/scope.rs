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
    /// the task, but from the scope.
    pub fn spawn<F>(&self, future: F) -> Scoped<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let result = Rc::new(Returned {
            value: Cell::new(None),
            joiner: Cell::new(None),
        });
        let returned = Rc::clone(&result);
        let task: Task<'env> = Box::pin(async move {
            returned.value.set(Some(future.await));
            if let Some(joiner) = returned.joiner.take() {
                joiner.wake();
            }
        });
        self.tasks.add(task);
        Scoped { result }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope")
    }
}

struct Returned<T> {
    value: Cell<Option<T>>,
    joiner: Cell<Option<Waker>>,
}

/// The result of a task in a scope, to be awaited.
pub struct Scoped<T> {
    result: Rc<Returned<T>>,
}

impl<T> Future for Scoped<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(value) = self.result.value.take() {
            return Poll::Ready(value);
        }
        self.result.joiner.set(Some(context.waker().clone()));
        Poll::Pending
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
    ready: Arc<Ready>,
}

/// Drops the tasks with the scope.
struct Owner<'a, 'env>(&'a Tasks<'env>);

impl Drop for Owner<'_, '_> {
    fn drop(&mut self) {
        // Out of the cells first: destructors may spawn.
        drop(self.0.running.take());
        drop(self.0.fresh.take());
    }
}

impl<'env> Tasks<'env> {
    fn add(&self, task: Task<'env>) {
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
