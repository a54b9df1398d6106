//! The reactor: it waits for events, and calls the code that handles them.

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

/// After this many turns [`run_pending`](Reactor::run_pending) fails: the work seems to be endless.
const PENDING_TURNS: usize = 100_000;

/// Waits for events, and calls the code that handles them. Clones are the same reactor.
///
/// It stays on its thread; other threads use [`Reactor::remote`]. [`run`](Reactor::run) runs until
/// [`stop`](Reactor::stop), and may be called again. When the last clone is dropped, the
/// connections are lost. The reactor owns its futures, calls and factories. If one of them owns a
/// clone, the reactor is never dropped while that one waits. To avoid this, use
/// [`Transport::reactor`] and the argument of a call.
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
    /// Makes a reactor.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left.
    pub fn new() -> io::Result<Reactor> {
        Self::with_clock(SystemClock)
    }

    /// Makes a reactor with a clock of your own. See also
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

    /// Runs a future on this thread, next to everything else. Its result is a deferred. Cancelling
    /// the deferred drops the future.
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

    /// Runs until `deferred` has its result, and returns it.
    ///
    /// # Errors
    ///
    /// The deferred's; [`Error::Cancelled`] if the reactor was stopped before. Then the deferred is
    /// detached, and its result does not stop the reactor later.
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

    /// Runs until it is [stopped](Reactor::stop), and may be run again: what was open stays open.
    ///
    /// # Errors
    ///
    /// When the event loop is broken, or when it is called from a callback, as the reactor runs
    /// already.
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

    /// How many times it has waited for events. At rest this number stands still.
    pub fn waits(&self) -> u64 {
        self.inner.event_loop().waits()
    }

    /// The time on its clock.
    pub fn now(&self) -> Instant {
        self.inner.now()
    }

    /// Does all that can be done without waiting: calls that are due, tasks that were woken, what
    /// these cause, and so on. It is for tests, and for loops of your own.
    ///
    /// # Errors
    ///
    /// As [`run`](Reactor::run), and when the work is endless, as with a call without delay that
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

    /// One turn: waits, at most for `timeout`, and handles the events.
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
            // In a statement of its own, because the code that is called uses the event loop too.
            let event = inner.event_loop().next_event();
            let Some(event) = event else { break };
            happened = true;
            match event {
                Event::Ready(_, readiness, entry) => entry.ready(readiness),
                Event::Timer(_, action) => self.timer_due(action),
                Event::Signal(signal) => inner.signals.came(self, signal),
                // The calls of threads and the woken tasks are handled below in any case.
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
        // What is added from here on has its turn after the next events.
        let mut queued = inner.queues.queued.take();
        for transport in queued.drain(..) {
            transport.0.take_turn(&transport);
        }
        // Its memory is used again, if nothing was added meanwhile.
        let mut next = inner.queues.queued.borrow_mut();
        if next.is_empty() {
            *next = queued;
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

    /// Logs a panic, and the reactor goes on.
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
