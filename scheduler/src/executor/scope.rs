//! Tasks that borrow.
//!
//! A thread scope may lend its threads what lies on the stack, because it does not return before
//! they have ended. A future cannot promise that: it may be forgotten (`mem::forget`) in the
//! middle, its stack frame reused, while tasks it had *spawned* would still run with references
//! into it. So these tasks are not given to the executor. They belong to the scope's future, and
//! nobody but that polls them: forget it, and they never run again either. No `unsafe` is needed
//! for it. The price is that a scope is one task, with one queue inside.

mod scoped;
mod tasks;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

pub use scoped::Scoped;
use tasks::{Owner, Tasks};

/// Runs `body`, and what it spawns in its scope; resolves to the body's output when all have ended.
///
/// What is spawned may borrow whatever lives longer than the scope. When the scope is dropped, so
/// is all that runs in it. A panic of any of them is a panic of the scope.
///
/// **It waits for its tasks whatever the body comes to, also for an `Err`**, as
/// [`std::thread::scope`] does. A body that fails and should take its tasks with it goes into
/// [`try_scope`]; one that has what it wanted calls [`Scope::cancel`].
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
        match tasks.is_empty() {
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
        let (task, scoped) = scoped::task(future);
        self.tasks.add(Box::pin(task));
        scoped
    }

    /// Cancels all tasks that are in the scope now: their futures are dropped when the scope runs
    /// next. The body goes on, and may spawn others.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::executor::{Executor, scope};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// Executor::new()?.block_on(scope(async |scope| {
    ///     drop(scope.spawn(std::future::pending::<()>()));
    ///     scope.cancel();
    /// }));
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) {
        self.tasks.cancel();
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope")
    }
}
