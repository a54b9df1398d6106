//! Step 6. The same with [`Future`] and [`Waker`]: an async runtime on one thread.
//!
//! A generator asks to go on by yielding; a future that cannot go on keeps the [`Waker`] it was
//! given, and is polled again when somebody calls that. This is all that is new: the ready queue is
//! the one of step 2, and what a system call was is a future now: [`sleep`], [`spawn`], a
//! [`JoinHandle`]. Futures made for other runtimes work here as well, if all they need is a waker.
//!
//! ```
//! use std::time::Duration;
//!
//! use scheduler::executor::{Executor, gather, sleep, spawn, timeout};
//!
//! # fn main() -> std::io::Result<()> {
//! let total = Executor::new()?.block_on(async {
//!     let parts = gather((1..=3).map(|n| async move {
//!         sleep(Duration::from_millis(n)).await;
//!         n
//!     }));
//!     let late = spawn(async { timeout(Duration::from_millis(1), std::future::pending::<()>()).await });
//!     assert!(late.await.unwrap().is_err());
//!     parts.await.iter().sum::<u64>()
//! });
//! assert_eq!(total, 6);
//! # Ok(()) }
//! ```
//!
//! # How it goes round
//!
//! Whoever is ready is polled, in the order of the wake-ups; a task that is woken while it runs
//! goes to the end of the queue. After [`POLLS_A_TURN`] polls and operations of sockets, or when
//! nobody is ready, the [event loop](event_loop) is asked what has happened: timers, sockets, wake-ups from
//! other threads. When nobody is ready it waits there.
//!
//! Nothing on the way from a wake-up to a poll is atomic, unless the waker is used on another
//! thread: see `executor/task.rs` for how a waker knows, and why that is sound.
//!
//! When nobody is ready, and no timer, socket, signal or other thread has the waker of a task, then
//! nothing can ever happen again: that is a [`Deadlock`], and it is reported with which task waits for
//! what. There are no false alarms, so a waker whose place the executor does not know counts as one
//! that may be used: another thread may have it. Not told, therefore, are deadlocks of futures that
//! make wakers of their own ([`scope`], `FuturesUnordered`, `shared`), and one of a future that keeps
//! its own waker inside itself, where nobody else can find it.

pub(crate) mod budget;
mod core;
mod current;
mod deadlock;
mod gather;
mod group;
mod home;
mod inner;
mod interval;
mod join_handle;
#[cfg(all(test, loom))]
mod loom;
mod loom_or_std;
mod scope;
mod select;
mod signals;
mod sleep;
mod spawner;
mod task;
mod task_id;
mod task_local;
mod timeout;
#[cfg(feature = "threads")]
mod to_thread;
pub(crate) mod waits;
mod yield_now;

use std::fmt;
use std::io;
use std::rc::Rc;
use std::task::Waker;

use event_loop::{Clock, SystemClock};

pub use current::{current_task, spawn, spawn_named};
pub use deadlock::{Deadlock, Wait};
pub use gather::{gather, try_gather};
pub use group::TaskGroup;
pub use inner::POLLS_A_TURN;
pub use interval::{Interval, interval};
pub use join_handle::{AbortHandle, JoinError, JoinHandle, Panic};
pub use scope::{Scope, Scoped, scope, try_scope};
pub use select::{Either, select};
pub use sleep::{Sleep, sleep, sleep_until};
pub use spawner::{Remote, SPAWN_LIMIT, SpawnError, Spawner};
pub use task_id::TaskId;
pub use task_local::TaskLocal;
pub use timeout::{Elapsed, timeout};
#[cfg(feature = "threads")]
pub use to_thread::{ThreadError, to_thread};
pub use yield_now::{YieldNow, yield_now};

pub(crate) use deadlock::some_of;
pub(crate) use inner::{Inner, Watched};
pub use signals::{SignalWait, signal};

use current::Entered;

/// Runs tasks on the thread it is on. Dropping it drops the tasks that are left.
pub struct Executor {
    inner: Rc<Inner>,
}

impl Executor {
    /// An executor that lives in real time.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left: its event loop takes two, and two more when signals are
    /// waited for.
    pub fn new() -> io::Result<Executor> {
        Executor::with_clock(SystemClock)
    }

    /// An executor that lives by `clock`: in tests time passes when they say so. When all tasks
    /// wait for a clock that stands still, [`run`](Executor::run) and
    /// [`block_on`](Executor::block_on) tell a [`Deadlock`].
    ///
    /// # Errors
    ///
    /// As [`new`](Executor::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::FakeClock;
    /// use scheduler::executor::{Executor, sleep};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let clock = FakeClock::new();
    /// let executor = Executor::with_clock(clock.clone())?;
    /// let hour = executor.spawn(sleep(Duration::from_secs(3600)));
    /// executor.run_pending();
    /// assert!(!hour.is_finished());
    /// clock.advance(Duration::from_secs(3600));
    /// executor.run_pending();
    /// assert!(hour.is_finished());
    /// # Ok(()) }
    /// ```
    pub fn with_clock(clock: impl Clock + Clone + 'static) -> io::Result<Executor> {
        Ok(Executor {
            inner: Rc::new(Inner::new(clock)?),
        })
    }

    /// Starts a task; it runs when the executor does. Inside, [`spawn`] does the same.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.inner.spawn(future)
    }

    /// Starts a task with a name, which is told in the report of a deadlock.
    pub fn spawn_named<F>(&self, name: impl Into<Rc<str>>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.inner.spawn_named(name.into(), future)
    }

    /// Runs all tasks until `future` has its output. Those that are left go on the next time.
    ///
    /// # Panics
    ///
    /// When `future` does; on a deadlock, with the report; inside a task, for it would stop all
    /// others; and when the system refuses to wait.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(deadlock) => panic!("{deadlock}"),
        }
    }

    /// [`block_on`](Executor::block_on), with a deadlock as an error.
    ///
    /// # Errors
    ///
    /// When nothing can ever happen again; `future` is dropped then.
    ///
    /// # Panics
    ///
    /// As [`block_on`](Executor::block_on), but for deadlocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::{executor::Executor, sync::Lock};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = Lock::named("the lock", 0);
    /// let deadlock = Executor::new()?.try_block_on(async {
    ///     let _once = lock.lock().await;
    ///     let _twice = lock.lock().await;
    /// });
    /// assert_eq!(
    ///     deadlock.unwrap_err().to_string(),
    ///     "deadlock: task 0 waits for lock \"the lock\", held by task 0",
    /// );
    /// # Ok(()) }
    /// ```
    #[expect(unsafe_code, reason = "the future may borrow what outlives this call")]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, Deadlock> {
        /// The future and its output must be gone when this function is left, however that happens.
        struct Bomb<T>(JoinHandle<T>);

        impl<T> Drop for Bomb<T> {
            fn drop(&mut self) {
                self.0.end_now();
            }
        }

        let _entered = Entered::new(&self.inner);
        // SAFETY: the bomb ends it at once, however deep destructors are nested, and it does not run
        // at that time: `run_until` has returned or panicked, and neither happens inside a poll.
        let task = unsafe { self.inner.core.spawn(future) };
        let mut bomb = Bomb(JoinHandle::new(task));
        self.inner.run_until(|| task.finished())?;
        let mut context = std::task::Context::from_waker(Waker::noop());
        match std::pin::Pin::new(&mut bomb.0).poll(&mut context) {
            std::task::Poll::Ready(Ok(output)) => Ok(output),
            std::task::Poll::Ready(Err(error)) => error.resume(),
            std::task::Poll::Pending => unreachable!("it has finished"),
        }
    }

    /// Runs until all tasks have ended.
    ///
    /// # Errors
    ///
    /// When nothing can ever happen again, and tasks are left.
    ///
    /// # Panics
    ///
    /// Inside a task, and when the system refuses to wait.
    pub fn run(&self) -> Result<(), Deadlock> {
        let _entered = Entered::new(&self.inner);
        self.inner.run_until(|| self.inner.core.unfinished() == 0)
    }

    /// Runs until nobody is ready, with what has happened until then, and does not wait.
    ///
    /// # Panics
    ///
    /// As [`run`](Executor::run).
    pub fn run_pending(&self) {
        let _entered = Entered::new(&self.inner);
        self.inner.run_pending();
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        self.inner.core.unfinished()
    }

    /// How often the event loop was asked what has happened.
    pub fn turns(&self) -> u64 {
        self.inner.turns.get()
    }

    /// How often all tasks were looked at for a [`Deadlock`]. That is done only when nobody is ready
    /// and nobody outside can wake a task.
    pub fn deadlock_searches(&self) -> u64 {
        self.inner.searches.get()
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // What tasks hold may hold the inner part in turn: they go first.
        self.inner.core.close();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("tasks", &self.tasks())
            .field("turns", &self.turns())
            .finish_non_exhaustive()
    }
}
