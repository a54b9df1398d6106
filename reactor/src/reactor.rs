//! The reactor: waits for things to happen and calls whoever is to know.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use event_loop::{Clock, Event, SystemClock};

use crate::error::panic_message;
use crate::inner::{Action, Inner};
use crate::tasks::Tasks;
use crate::{Deferred, Error, Transport};

/// After so many turns [`run_pending`](Reactor::run_pending) says that there is no end to it.
const PENDING_TURNS: usize = 100_000;

/// Waits for things to happen, and calls whoever is to know. Clones are the same reactor.
///
/// One a thread; it stays on its thread, and [`Reactor::remote`] is what other threads have of it.
/// [`run`](Reactor::run) runs until [`stop`](Reactor::stop), and may then be run again. When the
/// last clone is dropped, the connections are lost. Futures, calls and factories that own a clone
/// are owned by the reactor in turn: with one of these still waiting it is never dropped.
/// [`Transport::reactor`] and the argument of a call are there for that.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reactor::Reactor;
///
/// # fn main() -> std::io::Result<()> {
/// let reactor = Reactor::new()?;
/// reactor.call_later(Duration::from_millis(2), |reactor| reactor.stop());
/// reactor.run()
/// # }
/// ```
#[derive(Clone)]
pub struct Reactor {
    pub(crate) inner: Rc<Inner>,
}

impl Reactor {
    /// A reactor.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left for it.
    pub fn new() -> io::Result<Reactor> {
        Self::with_clock(SystemClock)
    }

    /// A reactor that lives by a clock of your own; see also
    /// [`testing::reactor`](crate::testing::reactor).
    ///
    /// # Errors
    ///
    /// As [`new`](Reactor::new).
    pub fn with_clock(clock: impl Clock + 'static) -> io::Result<Reactor> {
        Inner::new(clock).map(Reactor::of)
    }

    pub(crate) fn of(inner: Rc<Inner>) -> Reactor {
        Reactor { inner }
    }

    /// Runs an async block or function on this thread, beside all else; its result is a deferred,
    /// which drops the future when it is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Deferred, Reactor};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let (answer, resolver) = Deferred::new();
    /// let twice = reactor.spawn(async move { Ok(2 * answer.await?) });
    /// reactor.call_later(Default::default(), move |reactor| {
    ///     resolver.callback(21).unwrap();
    ///     reactor.stop();
    /// });
    /// reactor.run()?;
    /// reactor.run_pending()?;
    /// assert_eq!(twice.try_result().unwrap().unwrap(), 42);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn spawn<T: 'static>(
        &self,
        future: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Deferred<T> {
        Tasks::spawn(&self.inner, future)
    }

    /// Runs until `deferred` has its result, which is returned.
    ///
    /// # Errors
    ///
    /// The deferred's; [`Error::Cancelled`] if the reactor was stopped before: then the deferred is
    /// let go, and what it comes to later stops nothing.
    pub fn run_until<T: 'static>(&self, deferred: Deferred<T>) -> Result<T, Error> {
        if self.inner.shutdown.begin_running().is_none() {
            return Err(runs_already().into());
        }
        let result = Rc::new(Cell::new(None));
        let waiting = Rc::new(Cell::new(true));
        let (reactor, slot, waits) = (self.clone(), Rc::clone(&result), Rc::clone(&waiting));
        deferred
            .add_both(move |result| {
                if waits.get() {
                    slot.set(Some(result));
                    reactor.stop();
                }
                Ok(())
            })
            .detach();
        let ran = self.run();
        waiting.set(false);
        ran?;
        result.take().unwrap_or(Err(Error::Cancelled))
    }

    /// Runs until it is [stopped](Reactor::stop), and may then be run again: all that was open
    /// still is.
    ///
    /// # Errors
    ///
    /// When the event loop is broken, or the reactor runs already: called from a callback.
    pub fn run(&self) -> io::Result<()> {
        let Some(_running) = self.inner.shutdown.begin_running() else {
            return Err(runs_already());
        };
        while !self.inner.shutdown.take_stop() {
            self.one_turn(None)?;
        }
        Ok(())
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.inner.connections.get()
    }

    /// How often it has waited for something to happen: at rest this number stands still.
    pub fn waits(&self) -> u64 {
        self.inner.event_loop().waits()
    }

    /// The time, by its clock.
    pub fn now(&self) -> Instant {
        self.inner.now()
    }

    /// Does all that can be done without waiting: calls that are due, tasks that were woken, what
    /// these lead to, and so on. For tests, and for loops of your own.
    ///
    /// # Errors
    ///
    /// As [`run`](Reactor::run); and when there is no end to it, as with a call without delay that
    /// sets itself again.
    pub fn run_pending(&self) -> io::Result<()> {
        let Some(_running) = self.inner.shutdown.begin_running() else {
            return Err(runs_already());
        };
        for _ in 0..PENDING_TURNS {
            let happened = self.one_turn(Some(Duration::ZERO))?;
            if !happened && !self.has_pending() {
                return Ok(());
            }
        }
        Err(io::Error::other(format!(
            "after {PENDING_TURNS} turns there is still something to do"
        )))
    }

    fn has_pending(&self) -> bool {
        let inner = &self.inner;
        let now = inner.now();
        let due = inner
            .event_loop()
            .timers()
            .next()
            .is_some_and(|due| due <= now);
        due || inner.queues.have_work() || inner.tasks.are_ready() || inner.remote.has_calls()
    }

    /// One turn: waits, at most for `timeout`, and does what is to be done.
    ///
    /// # Errors
    ///
    /// As [`run`](Reactor::run).
    pub fn turn(&self, timeout: Option<Duration>) -> io::Result<()> {
        let Some(_running) = self.inner.shutdown.begin_running() else {
            return Err(runs_already());
        };
        self.one_turn(timeout).map(drop)
    }

    /// Returns whether there was an event.
    fn one_turn(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let inner = &self.inner;
        let timeout = match inner.queues.have_work() {
            true => Some(Duration::ZERO),
            false => timeout,
        };
        inner.event_loop().wait(timeout)?;
        let mut happened = false;
        loop {
            // In a statement of its own: who is called wants the event loop as well.
            let event = inner.event_loop().next_event();
            let Some(event) = event else { break };
            happened = true;
            match event {
                Event::Ready(_, readiness, entry) => entry.ready(readiness),
                Event::Timer(_, action) => self.timer_due(action),
                Event::Signal(signal) => inner.signals.came(self, signal),
                // What threads and tasks have left is looked at in any case.
                _ => {}
            }
        }
        for listener in inner.queues.waiting_ports.take() {
            listener.ready();
        }
        for socket in inner.queues.waiting_sockets.take() {
            socket.ready();
        }
        for call in inner.remote.take() {
            self.guard("a call from a thread", || call(self));
        }
        inner.tasks.run();
        // What lines up from here on has its turn after the others' next events.
        let mut lined_up = inner.queues.lined_up.take();
        for transport in lined_up.drain(..) {
            transport.0.tend(&transport);
        }
        // Its memory is used again, if nothing has lined up meanwhile.
        let mut next = inner.queues.lined_up.borrow_mut();
        if next.is_empty() {
            *next = lined_up;
        }
        Ok(happened)
    }

    fn timer_due(&self, action: Action) {
        match action {
            Action::Call(call) => self.guard("a delayed call", || call(self)),
            Action::Deadline(connection) => {
                if let Some(connection) = connection.upgrade() {
                    let transport = Transport(connection);
                    transport.0.deadline_due(&transport);
                }
            }
            Action::Accept(listener) => listener.retry(),
        }
    }

    /// A panic is logged, and the reactor goes on.
    pub(crate) fn guard(&self, what: &str, call: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
            tracing::error!(panic = panic_message(&*panic), "{what} panicked");
        }
    }
}

fn runs_already() -> io::Error {
    io::Error::other("the reactor runs already")
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reactor({} connections)", self.connections())
    }
}
