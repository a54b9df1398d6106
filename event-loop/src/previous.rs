//! The loop as it was, for rooms that do not use [`EventLoop`](crate::EventLoop) yet.

mod events;
mod timers;
mod tokens;

pub use events::{Event, Events};
pub use timers::TimerKey;
pub use tokens::Token;

use crate::signals::Signals;
use crate::{Clock, Interest, Signal, Source, SystemClock, Waker};
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use timers::Timers;
use tokens::Tokens;

/// mio's tokens of what the loop keeps for itself; the sources have those below.
const WAKER: mio::Token = mio::Token(usize::MAX);
const SIGNALS: mio::Token = mio::Token(usize::MAX - 1);

/// Waits for readiness, time, wake-ups and signals; one for a thread.
pub struct EventLoop {
    poll: mio::Poll,
    tokens: Tokens,
    timers: Timers,
    waker: Waker,
    signals: Option<Signals>,
    clock: Box<dyn Clock>,
    now: Instant,
    waits: u64,
}

impl EventLoop {
    /// A loop that lives in real time.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left for it: it takes three.
    pub fn new() -> io::Result<EventLoop> {
        Self::with_clock(SystemClock)
    }

    /// A loop that lives by `clock`: a [`FakeClock`] makes tests of time exact and instant.
    ///
    /// # Errors
    ///
    /// As [`new`](EventLoop::new).
    pub fn with_clock(clock: impl Clock + 'static) -> io::Result<EventLoop> {
        let poll = mio::Poll::new()?;
        let waker = Waker::new(mio::Waker::new(poll.registry(), WAKER)?);
        let now = clock.now();
        Ok(EventLoop {
            poll,
            tokens: Tokens::default(),
            timers: Timers::default(),
            waker,
            signals: None,
            clock: Box::new(clock),
            now,
            waits: 0,
        })
    }

    /// Watches `source`, and names it.
    ///
    /// What it is ready for at this moment is reported too.
    ///
    /// # Errors
    ///
    /// When the system refuses: the source is watched already, or no kind of thing that can be.
    pub fn register<S: Source + ?Sized>(
        &mut self,
        source: &mut S,
        interest: Interest,
    ) -> io::Result<Token> {
        let token = self.tokens.take()?;
        match self
            .poll
            .registry()
            .register(source, token.to_mio(), interest)
        {
            Ok(()) => Ok(token),
            Err(error) => {
                self.tokens.give_back(token);
                Err(error)
            }
        }
    }

    /// Watches a source for something else than before; what it is ready for is reported anew.
    ///
    /// # Errors
    ///
    /// When the source is not registered.
    pub fn reregister<S: Source + ?Sized>(
        &mut self,
        source: &mut S,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.poll
            .registry()
            .reregister(source, token.to_mio(), interest)
    }

    /// Stops watching a source; to be called before it is closed.
    ///
    /// Events of it may still be in the [`Events`] just handed out. Its token is never given to
    /// another source, so that they can be told from the events of a successor.
    ///
    /// # Errors
    ///
    /// When the source is not registered.
    pub fn deregister<S: Source + ?Sized>(
        &mut self,
        source: &mut S,
        token: Token,
    ) -> io::Result<()> {
        self.tokens.give_back(token);
        self.poll.registry().deregister(source)
    }

    /// How many sources are registered.
    pub fn sources(&self) -> usize {
        self.tokens.taken()
    }

    /// Sets a timer; when `at` has come, its key is an event.
    ///
    /// Timers of the same moment come in the order they were set. On Linux a wait ends up to a
    /// millisecond after its timer is due, never before.
    pub fn add_timer(&mut self, at: Instant) -> TimerKey {
        self.timers.add(at)
    }

    /// Sets a timer that is due this long after [`now`](EventLoop::now).
    pub fn add_timer_after(&mut self, delay: Duration) -> TimerKey {
        self.add_timer(timers::after(self.now, delay))
    }

    /// Cancels a timer, in constant time; false if it was handed out or cancelled before.
    pub fn cancel_timer(&mut self, key: TimerKey) -> bool {
        self.timers.cancel(key)
    }

    /// How many timers are set.
    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// What wakes this loop from any thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Has these signals delivered as events of this loop, instead of what they do otherwise.
    ///
    /// Signals of a kind that come before they are looked at are one event, as the system has it.
    /// When the loop is dropped they are no longer delivered, but stay ignored.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    ///
    /// # Panics
    ///
    /// On signals that cannot be handled, such as SIGKILL or SIGSEGV.
    pub fn handle_signals(&mut self, signals: &[Signal]) -> io::Result<()> {
        let registry = self.poll.registry();
        let handled = match &mut self.signals {
            Some(handled) => handled,
            none => none.insert(Signals::new(registry, SIGNALS)?),
        };
        signals.iter().try_for_each(|&signal| handled.add(signal))
    }

    /// When the last wait ended, by this loop's clock: the time, without asking the system.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How often the loop has waited: at rest this number stands still.
    pub fn waits(&self) -> u64 {
        self.waits
    }

    /// Waits until something happens, at most for `timeout`, and puts it into `events` (and what
    /// was in there out). Nothing happened when the time was up, or a signal handler ran.
    ///
    /// # Errors
    ///
    /// When the system cannot wait, which means that the loop is broken.
    pub fn run_once(&mut self, timeout: Option<Duration>, events: &mut Events) -> io::Result<()> {
        events.others.clear();
        // Whoever notifies from here on either is seen by `fall_asleep` or ends the wait.
        let timeout = match self.patience(timeout) {
            Some(Duration::ZERO) => Some(Duration::ZERO),
            patience if self.waker.fall_asleep() => patience,
            _ => Some(Duration::ZERO),
        };
        self.waits += 1;
        let waited = self.poll.poll(&mut events.sources, timeout);
        if self.waker.wake_up() {
            events.others.push(Event::Woken);
        }
        match waited {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => events.sources.clear(),
            waited => waited?,
        }
        self.now = self.clock.now();
        if let Some(signals) = &mut self.signals
            && events.sources.iter().any(|event| event.token() == SIGNALS)
        {
            let mut came = std::collections::VecDeque::new();
            signals.collect(&mut came);
            events.others.extend(came.into_iter().map(Event::Signal));
        }
        while let Some(key) = self.timers.pop(self.now) {
            events.others.push(Event::Timer(key));
        }
        Ok(())
    }

    /// Runs until `handle` breaks, and returns what it broke with.
    ///
    /// An edge is told once, so the events that came along with the last one are handled too.
    ///
    /// # Errors
    ///
    /// As [`run_once`](EventLoop::run_once).
    pub fn run_until<T>(
        &mut self,
        mut handle: impl FnMut(&mut EventLoop, Event) -> ControlFlow<T>,
    ) -> io::Result<T> {
        let mut events = Events::default();
        let mut result = None;
        loop {
            self.run_once(None, &mut events)?;
            for event in events.iter() {
                if let ControlFlow::Break(value) = handle(self, event) {
                    result.get_or_insert(value);
                }
            }
            if let Some(result) = result {
                return Ok(result);
            }
        }
    }

    /// How long a wait may take: the caller's time-out, cut short by the next timer.
    fn patience(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        if timeout == Some(Duration::ZERO) {
            return timeout;
        }
        let timer = self.timers.next().and_then(|due| self.clock.until(due));
        match (timeout, timer) {
            (Some(timeout), Some(timer)) => Some(timeout.min(timer)),
            (timeout, timer) => timeout.or(timer),
        }
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLoop")
            .field("sources", &self.sources())
            .field("timers", &self.timers())
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}
