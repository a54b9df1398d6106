//! The part of the executor that its sleeps and sockets share, and its loop.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::{Rc, Weak};
use std::task::Context;
use std::time::{Duration, Instant};

use event_loop::{Clock, Event, EventLoop, Readiness, TimerKey};

use super::budget;
use super::core::Core;
use super::deadlock::Deadlock;
use super::join_handle::JoinHandle;
use super::signals::Signals;
use super::task::TaskRef;
use super::waits::Held;

/// How many polls of tasks and socket operations are done before the event loop is asked for
/// events, which takes a system call. It is small enough that timers and sockets wait only some
/// microseconds, and large enough that the system call costs little.
pub const POLLS_A_TURN: u32 = 256;

pub(crate) struct Inner {
    pub(super) core: Core,
    event_loop: RefCell<Loop>,
    clock: Box<dyn Clock>,
    pub(super) signals: Signals,
    names: RefCell<BTreeMap<u64, Rc<str>>>,
    pub(super) turns: Cell<u64>,
    pub(super) searches: Cell<u64>,
}

/// The event loop, with its sockets and the wakers of its timers.
type Loop = EventLoop<Rc<dyn Watched>, Held>;

/// A source that the event loop watches.
pub(crate) trait Watched {
    fn ready(&self, readiness: Readiness);
}

impl Inner {
    pub(super) fn new(clock: impl Clock + Clone + 'static) -> io::Result<Inner> {
        let event_loop = EventLoop::with_clock(clock.clone())?;
        Ok(Inner {
            core: Core::new(event_loop.waker()),
            event_loop: RefCell::new(event_loop),
            clock: Box::new(clock),
            signals: Signals::default(),
            names: RefCell::default(),
            turns: Cell::new(0),
            searches: Cell::new(0),
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.core.shared().id()
    }

    pub(crate) fn event_loop(&self) -> &RefCell<Loop> {
        &self.event_loop
    }

    // Tasks.

    #[expect(
        unsafe_code,
        reason = "a future that borrows nothing may live for ever"
    )]
    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // SAFETY: the future is `'static`, and so is its output.
        JoinHandle::new(unsafe { self.core.spawn(future) })
    }

    pub(super) fn spawn_named<F>(self: &Rc<Self>, name: Rc<str>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        /// Removes the name when the future is dropped.
        struct Named(Weak<Inner>, Cell<Option<u64>>);

        impl Drop for Named {
            fn drop(&mut self) {
                if let (Some(inner), Some(number)) = (self.0.upgrade(), self.1.get()) {
                    inner.names.borrow_mut().remove(&number);
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
            let number = handle.id().number();
            named.1.set(Some(number));
            self.names.borrow_mut().insert(number, name);
        }
        handle
    }

    /// The text that names a task.
    pub(super) fn name(&self, number: u64) -> String {
        match self.names.borrow().get(&number) {
            Some(name) => format!("task {number} ({name})"),
            None => format!("task {number}"),
        }
    }

    // Time.

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether the clock stands still, so that waiting does not help.
    pub(super) fn time_stands_still(&self) -> bool {
        let soon = self.now() + Duration::from_secs(1);
        self.clock.until(soon).is_none()
    }

    pub(super) fn has_timers(&self) -> bool {
        !self.event_loop.borrow().timers().is_empty()
    }

    /// The tasks that wait for a timer.
    pub(super) fn sleepers(&self) -> Vec<TaskRef> {
        let event_loop = self.event_loop.borrow();
        let wakers = event_loop.timers().values();
        wakers.filter_map(Held::task).collect()
    }

    pub(super) fn add_timer(&self, moment: Instant, context: &Context<'_>) -> TimerKey {
        // Cloning a waker may call foreign code, so the loop must not be borrowed here.
        let waker = Held::new(context.waker());
        self.event_loop.borrow_mut().add_timer(moment, waker)
    }

    /// Makes a timer wake another task.
    pub(super) fn move_timer(&self, key: TimerKey, context: &Context<'_>) {
        let mut waker = Held::new(context.waker());
        let mut event_loop = self.event_loop.borrow_mut();
        if let Some(kept) = event_loop.timers_mut().get_mut(key) {
            std::mem::swap(kept, &mut waker);
        }
        drop(event_loop);
        drop(waker);
    }

    pub(super) fn cancel_timer(&self, key: TimerKey) {
        let waker = self.event_loop.borrow_mut().cancel_timer(key);
        drop(waker);
    }

    // The loop.

    pub(super) fn run_until(&self, over: impl Fn() -> bool) -> Result<(), Deadlock> {
        // A task that was also woken from another thread is polled once for both.
        self.core.collect();
        loop {
            budget::begin_turn();
            let mut polls = 0;
            while polls + budget::socket_operations() < POLLS_A_TURN {
                if over() {
                    return Ok(());
                }
                if !self.core.run_one() {
                    break;
                }
                polls += 1;
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
            if self.may_be_a_deadlock() {
                // A fake clock may have moved since the last look.
                self.turn(Some(Duration::ZERO));
                if self.core.is_ready() {
                    continue;
                }
                self.searches.set(self.searches.get() + 1);
                self.check_for_deadlock()?;
            }
            self.turn(None);
        }
    }

    /// Runs until no task is ready, with the events that have come so far.
    pub(super) fn run_pending(&self) {
        self.core.collect();
        loop {
            while self.core.run_one() {}
            self.turn(Some(Duration::ZERO));
            if !self.core.is_ready() {
                return;
            }
        }
    }

    fn has_something_to_wait_for(&self) -> bool {
        let event_loop = self.event_loop.borrow();
        !event_loop.timers().is_empty()
            || !event_loop.sources().is_empty()
            || self.signals.are_handled()
    }

    /// Asks the event loop for events, and wakes the tasks that wait for them.
    fn turn(&self, timeout: Option<Duration>) {
        self.turns.set(self.turns.get() + 1);
        let waited = self.event_loop.borrow_mut().wait(timeout);
        if let Err(error) = waited {
            panic!("the event loop cannot wait: {error}");
        }
        loop {
            // In a statement of its own, so that the loop is not borrowed when its event is
            // handled.
            let event = self.event_loop.borrow_mut().next_event();
            match event {
                None => break,
                Some(Event::Timer(_, waker)) => waker.wake(),
                Some(Event::Ready(_, readiness, source)) => source.ready(readiness),
                Some(Event::Signal(signal)) => self.signals.came(signal),
                Some(_) => {}
            }
        }
        self.core.collect();
    }
}
