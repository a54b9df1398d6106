//! The event loop's side of a hub: what happens becomes wake-ups.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use event_loop::{
    Clock, Event, EventLoop, Events, Interest, Signal, Source as Watched, TimerKey, Token, Waker,
};

use super::Hub;
use super::alarms::{Alarm, Alarms};
use super::sources::{Source, Sources};
use crate::signals::Mailboxes;
use crate::task::{Cause, Raise};
use crate::wait_queue::{Wait, WaitQueue};

/// So many switches come between two looks at the clock...
const SWITCHES: u32 = 64;

/// ...and so much time between two looks for events, while green threads are ready all the time:
/// looking costs about a microsecond.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// The event loop, and what waits for it.
pub(crate) struct Driver {
    event_loop: RefCell<EventLoop>,
    events: RefCell<Events>,
    clock: Box<dyn Clock>,
    alarms: Alarms,
    sources: Sources,
    pub(crate) signals: Mailboxes,
    /// How many switches are left until the next look at the clock.
    switches: Cell<u32>,
    polled: Cell<Instant>,
}

impl Driver {
    pub(super) fn new(clock: impl Clock + Clone + 'static) -> io::Result<Driver> {
        Ok(Driver {
            event_loop: RefCell::new(EventLoop::with_clock(clock.clone())?),
            events: RefCell::default(),
            clock: Box::new(clock),
            alarms: Alarms::default(),
            sources: Sources::default(),
            signals: Mailboxes::default(),
            switches: Cell::new(SWITCHES),
            polled: Cell::new(Instant::now()),
        })
    }

    pub(super) fn waker(&self) -> Waker {
        self.event_loop.borrow().waker()
    }

    /// Now, by this hub's clock.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// So long from now; a century at most.
    pub(crate) fn after(&self, delay: Duration) -> Instant {
        const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
        self.now() + delay.min(LONGEST)
    }

    /// Whether something may still happen: a time comes, a source is ready, a signal comes.
    pub(super) fn awaits_something(&self) -> bool {
        self.timers() > 0 || self.sources.waiting() > 0 || self.signals.waiting() > 0
    }

    /// Counts a switch while green threads are ready; once in a while, sees what has happened.
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

    /// Waits for something to happen, at most for `timeout`, and wakes whom it concerns.
    pub(super) fn turn(&self, hub: &Hub, timeout: Option<Duration>) {
        let mut events = self.events.borrow_mut();
        let polled = self.event_loop.borrow_mut().run_once(timeout, &mut events);
        if let Err(error) = polled {
            panic!("the event loop is broken: {error}");
        }
        self.polled.set(Instant::now());
        self.switches.set(SWITCHES);
        // Nothing here runs code of the user, which could set timers or close sources.
        for event in events.iter() {
            match event {
                Event::Ready(token, readiness) => self.sources.ready(token, readiness),
                Event::Timer(key) => match self.alarms.take(key) {
                    Some(Alarm::Wake(task)) => drop(hub.wake(&task, Cause::TimedOut)),
                    Some(Alarm::Raise(task, raise)) => hub.raise(&task, raise),
                    None => {}
                },
                Event::Woken => hub.remotes.deliver(),
                Event::Signal(signal) => self.signals.deliver(signal),
                _ => {}
            }
        }
    }
}

/// Time.
impl Driver {
    /// Ends the current task's wait at a time.
    pub(super) fn wake_at(&self, hub: &Hub, at: Instant) -> TimerKey {
        self.set_alarm(at, Alarm::Wake(hub.current()))
    }

    /// Has the current task unwind at a time.
    pub(crate) fn raise_at(&self, hub: &Hub, at: Instant, raise: Raise) -> TimerKey {
        self.set_alarm(at, Alarm::Raise(hub.current(), raise))
    }

    fn set_alarm(&self, at: Instant, alarm: Alarm) -> TimerKey {
        let key = self.event_loop.borrow_mut().add_timer(at);
        self.alarms.set(key, alarm);
        key
    }

    pub(crate) fn cancel_alarm(&self, key: TimerKey) {
        if self.event_loop.borrow_mut().cancel_timer(key) {
            let alarm = self.alarms.take(key);
            drop(alarm);
        }
    }

    /// How many timers are set.
    pub(crate) fn timers(&self) -> usize {
        self.event_loop.borrow().timers()
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
        let token = self.event_loop.borrow_mut().register(watched, interest)?;
        Ok((token, self.sources.add(token)))
    }

    /// Watches it no longer; to be called before it is closed.
    pub(crate) fn deregister<S: Watched + ?Sized>(&self, watched: &mut S, token: Token) {
        self.sources.remove(token);
        if let Err(error) = self.event_loop.borrow_mut().deregister(watched, token) {
            tracing::error!(%error, "a source could not be deregistered");
        }
    }

    /// How many sources are registered.
    pub(crate) fn sources(&self) -> usize {
        self.event_loop.borrow().sources()
    }

    /// Waits for a source; false if the time was up first.
    pub(crate) fn wait_for_source(&self, queue: &WaitQueue, wait: Wait) -> bool {
        let _counted = self.sources.count_in();
        queue.wait(wait)
    }

    pub(crate) fn handle_signals(&self, signals: &[Signal]) -> io::Result<()> {
        self.event_loop.borrow_mut().handle_signals(signals)
    }
}
