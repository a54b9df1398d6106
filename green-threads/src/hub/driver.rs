//! The event loop of a hub: it turns events into wake-ups.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use event_loop::{
    Clock, Event, EventLoop, Interest, Signal, Source as Watched, TimerKey, Token, Waker,
};

use super::Hub;
use super::sources::Source;
use crate::signals::Mailboxes;
use crate::task::{Cause, Raise, Task};
use crate::wait_queue::{Wait, WaitQueue};
use crate::waiting::Waiting;

/// How many switches are made between two looks at the clock.
const SWITCHES: u32 = 64;

/// How much time passes between two checks for events, while green threads are always ready. A
/// check costs about a microsecond.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// What a timer does.
enum Alarm {
    Wake(Rc<Task>),
    Raise(Rc<Task>, Raise),
}

/// The event loop, and the green threads that wait for its events.
pub(crate) struct Driver {
    event_loop: RefCell<EventLoop<Rc<Source>, Alarm>>,
    /// The green threads that wait for a source.
    waiting: Waiting,
    pub(crate) signals: Mailboxes,
    /// How many switches are left until the next look at the clock.
    switches: Cell<u32>,
    polled: Cell<Instant>,
}

impl Driver {
    pub(super) fn new(clock: impl Clock + 'static) -> io::Result<Driver> {
        Ok(Driver {
            event_loop: RefCell::new(EventLoop::with_clock(clock)?),
            waiting: Waiting::default(),
            signals: Mailboxes::default(),
            switches: Cell::new(SWITCHES),
            polled: Cell::new(Instant::now()),
        })
    }

    pub(super) fn waker(&self) -> Waker {
        self.event_loop.borrow().waker()
    }

    /// The time on this hub's clock.
    pub(crate) fn now(&self) -> Instant {
        self.event_loop.borrow().now()
    }

    /// The moment `delay` from now, at most a century away.
    pub(crate) fn after(&self, delay: Duration) -> Instant {
        event_loop::after(self.now(), delay)
    }

    /// Whether an event may still come: from a timer, a source or a signal.
    pub(super) fn awaits_something(&self) -> bool {
        self.timers() > 0 || self.waiting.count() > 0 || self.signals.waiting.count() > 0
    }

    /// Counts a switch while green threads are ready. Now and then it checks for events.
    #[inline]
    pub(super) fn switched(&self, hub: &Hub) {
        let left = self.switches.get() - 1;
        self.switches.set(left);
        if left == 0 {
            self.look(hub);
        }
    }

    #[cold]
    fn look(&self, hub: &Hub) {
        self.switches.set(SWITCHES);
        if self.polled.get().elapsed() >= POLL_INTERVAL {
            hub.raise_what_was_put_off();
            self.turn(hub, Some(Duration::ZERO));
        }
    }

    /// Waits for events, at most for `timeout`, and wakes the green threads that wait for them.
    pub(super) fn turn(&self, hub: &Hub, timeout: Option<Duration>) {
        let waited = self.event_loop.borrow_mut().wait(timeout);
        if let Err(error) = waited {
            panic!("the event loop is broken: {error}");
        }
        self.polled.set(Instant::now());
        self.switches.set(SWITCHES);
        // No code of the user runs here.
        loop {
            let event = self.event_loop.borrow_mut().next_event();
            match event {
                Some(Event::Ready(_, readiness, source)) => source.is_ready(readiness),
                Some(Event::Timer(_, Alarm::Wake(task))) => drop(hub.wake(&task, Cause::TimedOut)),
                Some(Event::Timer(_, Alarm::Raise(task, raise))) => hub.raise(&task, raise),
                Some(Event::Woken) => hub.remotes.deliver(),
                Some(Event::Signal(signal)) => self.signals.deliver(signal),
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// Time.
impl Driver {
    /// Ends the current task's wait at this moment.
    pub(super) fn wake_at(&self, hub: &Hub, at: Instant) -> TimerKey {
        self.set_alarm(at, Alarm::Wake(hub.current()))
    }

    /// Makes the current task unwind at this moment.
    pub(crate) fn raise_at(&self, hub: &Hub, at: Instant, raise: Raise) -> TimerKey {
        self.set_alarm(at, Alarm::Raise(hub.current(), raise))
    }

    fn set_alarm(&self, at: Instant, alarm: Alarm) -> TimerKey {
        self.event_loop.borrow_mut().add_timer(at, alarm)
    }

    pub(crate) fn cancel_alarm(&self, key: TimerKey) {
        let alarm = self.event_loop.borrow_mut().cancel_timer(key);
        drop(alarm);
    }

    /// How many timers are set.
    pub(crate) fn timers(&self) -> usize {
        self.event_loop.borrow().timers().len()
    }
}

/// Sources and signals.
impl Driver {
    /// Watches a source for reading and writing.
    pub(crate) fn register<S: Watched + ?Sized>(
        &self,
        watched: &mut S,
        interest: Interest,
    ) -> io::Result<(Token, Rc<Source>)> {
        let source = Rc::new(Source::new());
        let mut event_loop = self.event_loop.borrow_mut();
        let token = event_loop.register(watched, interest, Rc::clone(&source))?;
        Ok((token, source))
    }

    /// Stops watching it. Call this before it is closed.
    pub(crate) fn deregister<S: Watched + ?Sized>(&self, watched: &mut S, token: Token) {
        let source = self.event_loop.borrow_mut().deregister(watched, token);
        drop(source);
    }

    /// How many sources are registered.
    pub(crate) fn sources(&self) -> usize {
        self.event_loop.borrow().sources().len()
    }

    /// Waits for a source. Returns false if the time-out came first.
    pub(crate) fn wait_for_source(&self, queue: &WaitQueue, wait: Wait) -> bool {
        let _counted = self.waiting.count_in();
        queue.wait(wait)
    }

    pub(crate) fn handle_signals(&self, signals: &[Signal]) -> io::Result<()> {
        self.event_loop.borrow_mut().handle_signals(signals)
    }

    pub(crate) fn release_signals(&self, signals: &[Signal]) {
        self.event_loop.borrow_mut().release_signals(signals);
    }
}
