//! An async runtime on one thread: the same scheduler with [`Future`] and [`Waker`].
//!
//! A generator yields to be run again. A future that cannot go on keeps the [`Waker`] that it was
//! given, and is polled again when the waker is called. Only this is new. The ready queue is that
//! of [`round_robin`](crate::round_robin), and the system calls are futures now: [`sleep`], [`spawn`],
//! a [`JoinHandle`]. Futures of other crates work here too if they need only a waker.
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
//! # The loop
//!
//! Ready tasks are polled in the order of their wake-ups. A task that is woken while it runs goes
//! to the end of the queue. After [`POLLS_A_TURN`] polls and socket operations, or when no task is
//! ready, the executor asks the [event loop](event_loop) for events: timers, sockets, wake-ups from
//! other threads. When no task is ready, it waits there.
//!
//! From a wake-up to a poll nothing is atomic, unless the waker is used on another thread. See
//! `executor/task.rs` for how a waker knows that, and why it is sound.
//!
//! There is a [`Deadlock`] when no task is ready, and no timer, socket, signal or other thread has
//! the waker of a task: then no task can ever run again. The report says which task waits for what.
//! There are no false alarms: if the executor does not know where a waker is, it assumes that
//! another thread may call it. So it does not detect deadlocks of futures that make their own
//! wakers ([`scope`], `FuturesUnordered`, `shared`), or of a future that keeps its own waker inside
//! itself.

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

/// An executor: it runs tasks on its thread. Dropping it drops the remaining tasks.
pub struct Executor {
    inner: Rc<Inner>,
}

impl Executor {
    /// Makes an executor on the system's clock.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left. Its event loop takes two, and two more to wait for
    /// signals.
    pub fn new() -> io::Result<Executor> {
        Executor::with_clock(SystemClock)
    }

    /// Makes an executor on `clock`: in tests, time passes only when the test says so. If all tasks
    /// wait for a clock that stands still, [`run`](Executor::run) and
    /// [`block_on`](Executor::block_on) report a [`Deadlock`].
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

    /// Starts a task. It runs when the executor runs. Inside a task, [`spawn`] does the same.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.inner.spawn(future)
    }

    /// Starts a task with a name, which the report of a deadlock shows.
    pub fn spawn_named<F>(&self, name: impl Into<Rc<str>>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.inner.spawn_named(name.into(), future)
    }

    /// Runs all tasks until `future` has its output. The other tasks go on at the next call.
    ///
    /// # Panics
    ///
    /// When `future` does; on a deadlock, with its report; inside a task, because it would stop all
    /// other tasks; and when the system cannot wait.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(deadlock) => panic!("{deadlock}"),
        }
    }

    /// As [`block_on`](Executor::block_on), but a deadlock is an error.
    ///
    /// # Errors
    ///
    /// When no task can ever run again. `future` is then dropped.
    ///
    /// # Panics
    ///
    /// As [`block_on`](Executor::block_on), except for deadlocks.
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
    #[expect(unsafe_code, reason = "the future may borrow from the caller")]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, Deadlock> {
        /// When this function is left, the future and its output must be dropped, however that
        /// happens.
        struct Bomb<T>(JoinHandle<T>);

        impl<T> Drop for Bomb<T> {
            fn drop(&mut self) {
                self.0.end_now();
            }
        }

        let _entered = Entered::new(&self.inner);
        // SAFETY: the bomb ends the task at once, however deep destructors are nested. The task
        // does not run then: `run_until` has returned or panicked, and neither happens inside a
        // poll.
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
    /// When no task can ever run again, and tasks are left.
    ///
    /// # Panics
    ///
    /// Inside a task, and when the system cannot wait.
    pub fn run(&self) -> Result<(), Deadlock> {
        let _entered = Entered::new(&self.inner);
        self.inner.run_until(|| self.inner.core.unfinished() == 0)
    }

    /// Runs until no task is ready, with the events that have come so far. It does not wait.
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

    /// How many times the event loop was asked for events.
    pub fn turns(&self) -> u64 {
        self.inner.turns.get()
    }

    /// How many times all tasks were searched for a [`Deadlock`]. That is done only when no task is
    /// ready and nothing outside can wake one.
    pub fn deadlock_searches(&self) -> u64 {
        self.inner.searches.get()
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Tasks may hold the inner part, so they are dropped first.
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
