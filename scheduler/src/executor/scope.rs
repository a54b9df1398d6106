//! Tasks that borrow.
//!
//! A thread scope may lend parts of its stack to its threads, because it does not return before
//! they have ended. A future cannot promise that: it may be forgotten (`mem::forget`) in the
//! middle, and its stack frame used again, while tasks that it had *spawned* would still run with
//! references into it. So the tasks of a scope are not given to the executor. The scope's future
//! owns them, and only that future polls them: if it is forgotten, they never run again either. So
//! no `unsafe` is needed. The price: a scope is one task, with a queue of its own inside.

mod scoped;
mod tasks;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

pub use scoped::Scoped;
use tasks::{Owner, Tasks};

/// Runs `body` and the tasks of its scope. Its output is the body's output, when all have ended.
///
/// The tasks may borrow anything that lives longer than the scope. Dropping the scope drops all of
/// them. If one of them panics, the scope panics.
///
/// **It waits for its tasks whatever the body returns, even an `Err`**, as [`std::thread::scope`]
/// does. If an error of the body should cancel its tasks, use [`try_scope`]. If the body wants to
/// cancel them itself, it calls [`Scope::cancel`].
///
/// The [search for deadlocks](super::Deadlock) does not look into a scope: while a scope waits, no
/// deadlock is reported.
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

/// As [`scope`], but if `body` returns an error, the tasks of the scope are cancelled.
///
/// # Errors
///
/// The error of `body`.
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
    // Tasks may own the scope that owns them.
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
        // A task that ends may wake the body, so the body is polled again before this is pending.
        tasks.poll();
        match tasks.is_empty() {
            true => output.take().map_or(Poll::Pending, Poll::Ready),
            false => Poll::Pending,
        }
    })
    .await
}

/// Spawns tasks that borrow. Clones are the same scope.
#[derive(Clone)]
pub struct Scope<'env> {
    tasks: Rc<Tasks<'env>>,
}

impl<'env> Scope<'env> {
    /// Starts a task in this scope. The returned value gives its result; dropping that detaches the
    /// task, but the scope still waits for it. If the scope has ended, the future is dropped at
    /// once.
    pub fn spawn<F>(&self, future: F) -> Scoped<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let (task, scoped) = scoped::task(future);
        self.tasks.add(Box::pin(task));
        scoped
    }

    /// Cancels all tasks that are in the scope now: their futures are dropped when the scope is
    /// polled next. The body goes on, and may spawn others.
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
