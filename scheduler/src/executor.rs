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
//! goes to the end of the queue. After [`POLLS_A_TURN`] polls, or when nobody is ready, the
//! [event loop](event_loop) is asked what has happened: timers, sockets, wake-ups from
//! other threads. When nobody is ready it waits there.
//!
//! Nothing on the way from a wake-up to a poll is atomic, unless the waker is used on another
//! thread: see `executor/task.rs` for how a waker knows, and why that is sound.
//!
//! When nobody is ready, no timer is set and no socket open, and nobody else has a waker, then
//! nothing can ever happen again: that is a [`Deadlock`], and it is reported with who waits for
//! what.

mod core;
mod current;
mod deadlock;
mod gather;
mod home;
mod join_handle;
#[cfg(all(test, loom))]
mod loom;
mod loom_or_std;
mod scope;
mod select;
mod signals;
mod sleep;
mod task;
mod task_local;
mod timeout;
pub(crate) mod waits;
mod yield_now;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use event_loop::previous::{Event, EventLoop, Events, Token};
use event_loop::{Clock, Readiness, SystemClock};

pub use current::{current_task, spawn, spawn_named};
pub use deadlock::{Deadlock, Wait};
pub use gather::gather;
pub use join_handle::{JoinError, JoinHandle, Panic};
pub use scope::{Scope, Scoped, scope};
pub use select::{Either, select};
pub use sleep::{Sleep, sleep, sleep_until};
pub use task_local::TaskLocal;
pub use timeout::{Elapsed, timeout};
pub use yield_now::{YieldNow, yield_now};

use core::Core;
use current::Entered;
use signals::Signals;
use task::TaskRef;

/// How many tasks are polled before the event loop is asked what has happened, which takes a
/// system call: so few that sockets wait some microseconds only, so many that it costs little.
pub const POLLS_A_TURN: u32 = 256;

/// The number of a task of an executor; none is given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl TaskId {
    /// As a number, counted from 0 in the order they were spawned.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Runs tasks on the thread it is on. Dropping it drops the tasks that are left.
pub struct Executor {
    inner: Rc<Inner>,
}

/// What the executor shares with its sleeps and its sockets.
pub(crate) struct Inner {
    core: Core,
    event_loop: RefCell<EventLoop>,
    clock: Box<dyn Clock>,
    /// Who is to be woken by which timer.
    timers: RefCell<Vec<Option<Waker>>>,
    /// Who is to be told what which socket is ready for.
    sources: RefCell<Vec<Option<Rc<dyn Watched>>>>,
    signals: RefCell<Signals>,
    names: RefCell<BTreeMap<u64, Rc<str>>>,
    turns: Cell<u64>,
}

/// Something the event loop watches.
pub(crate) trait Watched {
    fn ready(&self, token: Token, readiness: Readiness);
}

impl Executor {
    /// An executor that lives in real time.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left: its event loop takes three.
    pub fn new() -> io::Result<Executor> {
        Executor::with_clock(SystemClock)
    }

    /// An executor that lives by `clock`: in tests time passes when they say so.
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
        let event_loop = EventLoop::with_clock(clock.clone())?;
        let core = Core::new(event_loop.waker());
        Ok(Executor {
            inner: Rc::new(Inner {
                core,
                event_loop: RefCell::new(event_loop),
                clock: Box::new(clock),
                timers: RefCell::default(),
                sources: RefCell::default(),
                signals: RefCell::default(),
                names: RefCell::default(),
                turns: Cell::new(0),
            }),
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
        /// The future must be gone when this function is left, however that happens.
        struct Bomb<T>(JoinHandle<T>);

        impl<T> Drop for Bomb<T> {
            fn drop(&mut self) {
                self.0.abort();
            }
        }

        let _entered = Entered::new(&self.inner);
        // SAFETY: the handle's drop aborts it, and it does not run itself at that time.
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
        self.inner.core.collect();
        loop {
            while self.inner.core.run_one() {}
            self.inner.turn(Some(Duration::ZERO));
            if !self.inner.core.is_ready() {
                return;
            }
        }
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        self.inner.core.unfinished()
    }

    /// How often the event loop was asked what has happened.
    pub fn turns(&self) -> u64 {
        self.inner.turns.get()
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

impl Inner {
    #[expect(
        unsafe_code,
        reason = "a future that borrows nothing may be kept for ever"
    )]
    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // SAFETY: it is `'static`, and so is its output.
        JoinHandle::new(unsafe { self.core.spawn(future) })
    }

    fn spawn_named<F>(self: &Rc<Self>, name: Rc<str>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        /// Its name goes with the future.
        struct Named(std::rc::Weak<Inner>, Cell<Option<u64>>);

        impl Drop for Named {
            fn drop(&mut self) {
                if let (Some(inner), Some(id)) = (self.0.upgrade(), self.1.get()) {
                    inner.names.borrow_mut().remove(&id);
                }
            }
        }

        let named = Rc::new(Named(Rc::downgrade(self), Cell::new(None)));
        let kept = Rc::clone(&named);
        let handle = self.spawn(async move {
            let _named = kept;
            future.await
        });
        if !handle.is_finished() {
            named.1.set(Some(handle.id().0));
            self.names.borrow_mut().insert(handle.id().0, name);
        }
        handle
    }

    /// How a task is told to people.
    pub(crate) fn name(&self, id: u64) -> String {
        match self.names.borrow().get(&id) {
            Some(name) => format!("task {id} ({name})"),
            None => format!("task {id}"),
        }
    }

    fn run_until(&self, over: impl Fn() -> bool) -> Result<(), Deadlock> {
        // Who was woken from elsewhere as well is polled once for both.
        self.core.collect();
        loop {
            for _ in 0..POLLS_A_TURN {
                if over() {
                    return Ok(());
                }
                if !self.core.run_one() {
                    break;
                }
            }
            self.core.collect();
            if self.core.is_ready() {
                if self.has_something_to_wait_for() {
                    self.turn(Some(Duration::ZERO));
                }
                continue;
            }
            if over() {
                return Ok(());
            }
            if !self.has_something_to_wait_for() {
                self.check_for_deadlock()?;
            }
            self.turn(None);
        }
    }

    fn has_something_to_wait_for(&self) -> bool {
        let event_loop = self.event_loop.borrow();
        event_loop.timers() > 0 || event_loop.sources() > 0
    }

    /// Asks the event loop what has happened, and wakes whom it concerns.
    fn turn(&self, timeout: Option<Duration>) {
        self.turns.set(self.turns.get() + 1);
        EVENTS.with_borrow_mut(|events| {
            let waited = self.event_loop.borrow_mut().run_once(timeout, events);
            if let Err(error) = waited {
                panic!("the event loop cannot wait: {error}");
            }
            for event in events.iter() {
                match event {
                    Event::Timer(key) => {
                        let slot = self.timers.borrow_mut()[key.index()].take();
                        slot.into_iter().for_each(Waker::wake);
                    }
                    Event::Ready(token, readiness) => {
                        let source = self.sources.borrow().get(token.index()).cloned();
                        if let Some(source) = source.flatten() {
                            source.ready(token, readiness);
                        }
                    }
                    Event::Signal(signal) => {
                        let waiting = self.signals.borrow_mut().came(signal);
                        waiting.into_iter().for_each(Waker::wake);
                    }
                    _ => {}
                }
            }
        });
        self.core.collect();
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn signals(&self) -> &RefCell<Signals> {
        &self.signals
    }

    pub(crate) fn event_loop(&self) -> &RefCell<EventLoop> {
        &self.event_loop
    }

    /// Has a source told what it is ready for; `None`: no more.
    pub(crate) fn watch(&self, token: Token, source: Option<Rc<dyn Watched>>) {
        let mut sources = self.sources.borrow_mut();
        if sources.len() <= token.index() {
            sources.resize(token.index() + 1, None);
        }
        sources[token.index()] = source;
    }

    /// Whether the running task may do one more thing that is ready at once; see [`core`].
    pub(crate) fn spend(&self) -> bool {
        self.core.local().spend()
    }

    /// The unfinished tasks, for the search for deadlocks.
    fn tasks(&self) -> impl Iterator<Item = TaskRef> {
        self.core.tasks()
    }
}

thread_local! {
    // One for a thread, and not one for an executor: 1024 events take 16 KiB.
    static EVENTS: RefCell<Events> = RefCell::default();
}
