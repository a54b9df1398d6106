//! What the executor shares with its sleeps and its sockets; and how it goes round.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::{Rc, Weak};
use std::task::Context;
use std::time::{Duration, Instant};

use event_loop::{Clock, Event, EventLoop, Events, Readiness, TimerKey, Token};

use super::core::Core;
use super::deadlock::Deadlock;
use super::join_handle::JoinHandle;
use super::signals::Signals;
use super::task::TaskRef;
use super::waits::Held;

/// How many tasks are polled before the event loop is asked what has happened, which takes a
/// system call: so few that sockets wait some microseconds only, so many that it costs little.
pub const POLLS_A_TURN: u32 = 256;

pub(crate) struct Inner {
    pub(super) core: Core,
    event_loop: RefCell<EventLoop>,
    clock: Box<dyn Clock>,
    /// Who is to be woken by which timer.
    timers: RefCell<Vec<Option<Held>>>,
    /// Who is to be told what which socket is ready for.
    sources: RefCell<Vec<Option<Rc<dyn Watched>>>>,
    pub(super) signals: Signals,
    names: RefCell<BTreeMap<u64, Rc<str>>>,
    pub(super) turns: Cell<u64>,
    pub(super) searches: Cell<u64>,
}

/// Something the event loop watches.
pub(crate) trait Watched {
    fn ready(&self, token: Token, readiness: Readiness);
}

thread_local! {
    // One for a thread, and not one for an executor: 1024 events take 16 KiB.
    static EVENTS: Cell<Option<Events>> = const { Cell::new(None) };
}

impl Inner {
    pub(super) fn new(clock: impl Clock + Clone + 'static) -> io::Result<Inner> {
        let event_loop = EventLoop::with_clock(clock.clone())?;
        Ok(Inner {
            core: Core::new(event_loop.waker()),
            event_loop: RefCell::new(event_loop),
            clock: Box::new(clock),
            timers: RefCell::default(),
            sources: RefCell::default(),
            signals: Signals::default(),
            names: RefCell::default(),
            turns: Cell::new(0),
            searches: Cell::new(0),
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.core.shared().id()
    }

    pub(crate) fn event_loop(&self) -> &RefCell<EventLoop> {
        &self.event_loop
    }

    // Tasks.

    #[expect(
        unsafe_code,
        reason = "a future that borrows nothing may be kept for ever"
    )]
    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // SAFETY: it is `'static`, and so is its output.
        JoinHandle::new(unsafe { self.core.spawn(future) })
    }

    pub(super) fn spawn_named<F>(self: &Rc<Self>, name: Rc<str>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        /// Its name goes with the future.
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

    /// How a task is told to people.
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

    /// Whether no waiting brings any moment nearer.
    pub(super) fn time_stands_still(&self) -> bool {
        let soon = self.now() + Duration::from_secs(1);
        self.clock.until(soon).is_none()
    }

    pub(super) fn timers(&self) -> usize {
        self.event_loop.borrow().timers()
    }

    /// The tasks that wait for a timer.
    pub(super) fn sleepers(&self) -> Vec<TaskRef> {
        let timers = self.timers.borrow();
        timers.iter().flatten().filter_map(Held::task).collect()
    }

    pub(super) fn add_timer(&self, moment: Instant) -> TimerKey {
        self.event_loop.borrow_mut().add_timer(moment)
    }

    /// Has the task woken when the timer is due.
    pub(super) fn wait_for_timer(&self, key: TimerKey, context: &Context<'_>) {
        // Cloning and dropping may call foreign code, which finds the table free.
        let waker = Held::new(context.waker());
        let mut timers = self.timers.borrow_mut();
        if timers.len() <= key.index() {
            timers.resize_with(key.index() + 1, || None);
        }
        let old = timers[key.index()].replace(waker);
        drop(timers);
        drop(old);
    }

    pub(super) fn cancel_timer(&self, key: TimerKey) {
        if self.event_loop.borrow_mut().cancel_timer(key) {
            let waker = self.timers.borrow_mut()[key.index()].take();
            drop(waker);
        }
    }

    // Going round.

    pub(super) fn run_until(&self, over: impl Fn() -> bool) -> Result<(), Deadlock> {
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
            if self.may_be_a_deadlock() {
                // A fake clock may have been moved, and nobody has looked at it since.
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

    /// Runs until nobody is ready, with what has happened until then.
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
        event_loop.timers() > 0 || event_loop.sources() > 0 || self.signals.are_handled()
    }

    /// Asks the event loop what has happened, and wakes whom it concerns.
    fn turn(&self, timeout: Option<Duration>) {
        self.turns.set(self.turns.get() + 1);
        let mut events = EVENTS.take().unwrap_or_default();
        let waited = self.event_loop.borrow_mut().run_once(timeout, &mut events);
        if let Err(error) = waited {
            panic!("the event loop cannot wait: {error}");
        }
        for event in events.iter() {
            match event {
                Event::Timer(key) => {
                    let mut timers = self.timers.borrow_mut();
                    let waker = timers.get_mut(key.index()).and_then(Option::take);
                    drop(timers);
                    waker.into_iter().for_each(Held::wake);
                }
                Event::Ready(token, readiness) => {
                    let source = self.sources.borrow().get(token.index()).cloned();
                    if let Some(source) = source.flatten() {
                        source.ready(token, readiness);
                    }
                }
                Event::Signal(signal) => self.signals.came(signal),
                _ => {}
            }
        }
        EVENTS.set(Some(events));
        self.core.collect();
    }

    /// Has a source told what it is ready for; `None`: no more.
    pub(crate) fn watch(&self, token: Token, source: Option<Rc<dyn Watched>>) {
        let mut sources = self.sources.borrow_mut();
        if sources.len() <= token.index() {
            sources.resize(token.index() + 1, None);
        }
        let old = std::mem::replace(&mut sources[token.index()], source);
        drop(sources);
        drop(old);
    }
}
