//! The turn loop.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::events::{Batch, SIGNALS, WAKER};
use crate::signals::Signals;
use crate::{
    Clock, DueTurn, Event, Interest, Signal, Source, SystemClock, TimerKey, TimerTable, Token,
    TokenTable, Waker, after,
};

/// No wait is longer, for a timer that is far away: the system counts milliseconds in 32 bits. The
/// loop then looks, finds nothing, and waits again.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits for readiness, time, wake-ups and signals; one for a thread.
///
/// A source is registered with a value of type `S`, which comes with its events; a timer is set with
/// a value of type `T`, which comes when it is due.
pub struct EventLoop<S = (), T = ()> {
    poll: mio::Poll,
    batch: Batch,
    sources: TokenTable<S>,
    timers: TimerTable<T>,
    due: DueTurn,
    waker: Waker,
    signals: Option<Signals>,
    clock: Box<dyn Clock>,
    turn_began: Instant,
    waits: u64,
}

impl<S, T> EventLoop<S, T> {
    /// A loop that lives in real time.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left for it: it takes three.
    pub fn new() -> io::Result<EventLoop<S, T>> {
        Self::with_clock(SystemClock)
    }

    /// A loop that lives by `clock`: a [`FakeClock`](crate::FakeClock) makes tests of time exact and
    /// instant.
    ///
    /// # Errors
    ///
    /// As [`new`](EventLoop::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::{Event, EventLoop, FakeClock};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let clock = FakeClock::new();
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::with_clock(clock.clone())?;
    /// let key = event_loop.add_timer_after(Duration::from_secs(3600), ());
    ///
    /// event_loop.wait(Some(Duration::ZERO))?;
    /// assert_eq!(event_loop.next_event(), None);
    /// clock.advance(Duration::from_secs(3600));
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Timer(key, ())));
    /// # Ok(()) }
    /// ```
    pub fn with_clock(clock: impl Clock + 'static) -> io::Result<EventLoop<S, T>> {
        let poll = mio::Poll::new()?;
        let waker = Waker::new(mio::Waker::new(poll.registry(), WAKER)?);
        let turn_began = clock.now();
        let mut timers = TimerTable::default();
        let due = timers.begin_turn(turn_began);
        Ok(EventLoop {
            poll,
            batch: Batch::new(),
            sources: TokenTable::default(),
            timers,
            due,
            waker,
            signals: None,
            clock: Box::new(clock),
            turn_began,
            waits: 0,
        })
    }

    /// Watches `source`, and names it. `value` comes with each of its events.
    ///
    /// What the source is ready for at this moment is an event too.
    ///
    /// # Errors
    ///
    /// When the system refuses: the source is watched already, or no kind of thing that can be.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    ///
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, ()> = EventLoop::new()?;
    /// let (mut near, mut far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::READABLE, "near")?;
    ///
    /// far.write_all(b"hello")?;
    /// event_loop.wait(None)?;
    /// let event = event_loop.next_event();
    /// assert!(matches!(event, Some(Event::Ready(_, ready, "near")) if ready.readable()));
    ///
    /// let mut buffer = [0; 16];
    /// assert_eq!(near.read(&mut buffer)?, 5);
    /// assert_eq!(event_loop.deregister(&mut near, token), Some("near"));
    /// # Ok(()) }
    /// ```
    pub fn register<W: Source + ?Sized>(
        &mut self,
        source: &mut W,
        interest: Interest,
        value: S,
    ) -> io::Result<Token> {
        let token = self.sources.insert(value)?;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(source, token.to_mio(), interest) {
            self.sources.remove(token);
            return Err(error);
        }
        Ok(token)
    }

    /// Watches a source for something else than before; what it is ready for is an event again.
    ///
    /// # Errors
    ///
    /// When the source is not registered.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::READABLE, ())?;
    /// event_loop.reregister(&mut near, token, Interest::WRITABLE)?;
    /// event_loop.wait(None)?;
    /// let event = event_loop.next_event();
    /// assert!(matches!(event, Some(Event::Ready(_, ready, ())) if ready.writable()));
    /// # Ok(()) }
    /// ```
    pub fn reregister<W: Source + ?Sized>(
        &mut self,
        source: &mut W,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.reregister(source, token.to_mio(), interest)
    }

    /// Stops watching a source and returns its value; `None` if the token names none. To be called
    /// before the source is closed.
    ///
    /// Events of it that were not handed out yet never are.
    pub fn deregister<W: Source + ?Sized>(&mut self, source: &mut W, token: Token) -> Option<S> {
        let value = self.sources.remove(token)?;
        if let Err(error) = self.poll.registry().deregister(source) {
            tracing::debug!(%error, "the system does not know a source that was registered");
        }
        Some(value)
    }

    /// The value of a registered source.
    pub fn source(&self, token: Token) -> Option<&S> {
        self.sources.get(token)
    }

    /// The value of a registered source, to be changed.
    pub fn source_mut(&mut self, token: Token) -> Option<&mut S> {
        self.sources.get_mut(token)
    }

    /// The registered sources, in no order.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, ()> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// event_loop.register(&mut near, Interest::READABLE, "near")?;
    /// assert_eq!(event_loop.sources().len(), 1);
    /// assert_eq!(event_loop.sources().iter().next().map(|(_, name)| *name), Some("near"));
    /// # Ok(()) }
    /// ```
    pub fn sources(&self) -> &TokenTable<S> {
        &self.sources
    }

    /// Sets a timer; when `due` has come, `value` is an event.
    ///
    /// Timers of the same moment come in the order in which they were set. On Linux a wait ends up
    /// to a millisecond after its timer is due, never before.
    pub fn add_timer(&mut self, due: Instant, value: T) -> TimerKey {
        self.timers.add(due, value)
    }

    /// Sets a timer that is due this long after this call. Any delay is allowed: see
    /// [`after`].
    pub fn add_timer_after(&mut self, delay: Duration, value: T) -> TimerKey {
        self.add_timer(after(self.now(), delay), value)
    }

    /// Cancels a timer and returns its value; `None` if it was handed out or cancelled before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::EventLoop;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), &str> = EventLoop::new()?;
    /// let key = event_loop.add_timer_after(Duration::MAX, "never");
    /// assert_eq!(event_loop.cancel_timer(key), Some("never"));
    /// assert_eq!(event_loop.cancel_timer(key), None);
    /// # Ok(()) }
    /// ```
    pub fn cancel_timer(&mut self, key: TimerKey) -> Option<T> {
        self.timers.cancel(key)
    }

    /// The timers that are set.
    pub fn timers(&self) -> &TimerTable<T> {
        &self.timers
    }

    /// The timers that are set, to be changed.
    pub fn timers_mut(&mut self) -> &mut TimerTable<T> {
        &mut self.timers
    }

    /// Wakes this loop from any thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Has these signals delivered as events of this loop, instead of what they do otherwise.
    ///
    /// Signals of a kind that come before they are looked at are one event, as the system has it.
    /// When no loop of the process handles a signal any longer (each was dropped, or has
    /// [released](EventLoop::release_signals) it), the signal has its default effect again.
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

    /// Takes [`handle_signals`](EventLoop::handle_signals) back.
    pub fn release_signals(&mut self, signals: &[Signal]) {
        if let Some(handled) = &mut self.signals {
            signals.iter().for_each(|&signal| handled.remove(signal));
        }
        let came = &mut self.batch.signals;
        came.retain(|signal| !signals.contains(signal));
    }

    /// The time, by this loop's clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// When the last wait ended, by this loop's clock: a little before [`now`](EventLoop::now),
    /// without asking the system.
    pub fn turn_began(&self) -> Instant {
        self.turn_began
    }

    /// How often the loop has waited: at rest this number stands still.
    pub fn waits(&self) -> u64 {
        self.waits
    }

    /// Waits until something happens, at most for `timeout`, and begins a turn:
    /// [`next_event`](EventLoop::next_event) hands out what happened. Nothing may have happened.
    ///
    /// Events of the last turn that were not taken are handed out first; then this does not wait.
    ///
    /// # Errors
    ///
    /// When the system cannot wait, which means that the loop is broken.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let patience = match self.batch.is_empty() {
            true => self.patience(timeout),
            false => Some(Duration::ZERO),
        };
        self.waits += 1;
        let (poll, batch) = (&mut self.poll, &mut self.batch);
        let (woken, waited) = self
            .waker
            .around(patience != Some(Duration::ZERO), |sleep| {
                poll.poll(
                    &mut batch.mio,
                    if sleep {
                        patience
                    } else {
                        Some(Duration::ZERO)
                    },
                )
            });
        match waited {
            // A signal handler ran; `collect` finds what it has left.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => batch.mio.clear(),
            waited => waited?,
        }
        if batch.fill(woken)
            && let Some(signals) = &mut self.signals
        {
            signals.collect(&mut batch.signals);
        }
        self.turn_began = self.clock.now();
        self.due = self.timers.begin_turn(self.turn_began);
        Ok(())
    }

    /// The next event of this turn; `None` when the turn is over.
    pub fn next_event(&mut self) -> Option<Event<S, T>>
    where
        S: Clone,
    {
        while let Some((token, readiness)) = self.batch.next_ready() {
            // Its source may have gone meanwhile.
            if let Some(value) = self.sources.get(token) {
                return Some(Event::Ready(token, readiness, value.clone()));
            }
        }
        if self.batch.take_woken() {
            return Some(Event::Woken);
        }
        if let Some(signal) = self.batch.signals.pop_front() {
            return Some(Event::Signal(signal));
        }
        let (key, value) = self.timers.pop(self.due)?;
        Some(Event::Timer(key, value))
    }

    /// Runs until `handle` breaks, and returns what it broke with.
    ///
    /// There is one event for an edge, so the events that came along with the last one are handled
    /// too.
    ///
    /// # Errors
    ///
    /// As [`wait`](EventLoop::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    ///
    /// use event_loop::{Event, EventLoop};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), u32> = EventLoop::new()?;
    /// event_loop.add_timer_after(Duration::ZERO, 1);
    /// let ticks = event_loop.run_until(|event_loop, event| match event {
    ///     Event::Timer(_, 3) => ControlFlow::Break(3),
    ///     Event::Timer(_, tick) => {
    ///         event_loop.add_timer_after(Duration::from_millis(1), tick + 1);
    ///         ControlFlow::Continue(())
    ///     }
    ///     _ => ControlFlow::Continue(()),
    /// })?;
    /// assert_eq!(ticks, 3);
    /// # Ok(()) }
    /// ```
    pub fn run_until<R>(
        &mut self,
        mut handle: impl FnMut(&mut Self, Event<S, T>) -> ControlFlow<R>,
    ) -> io::Result<R>
    where
        S: Clone,
    {
        let mut result = None;
        loop {
            self.wait(None)?;
            while let Some(event) = self.next_event() {
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
    fn patience(&self, timeout: Option<Duration>) -> Option<Duration> {
        if timeout == Some(Duration::ZERO) {
            return timeout;
        }
        let timer = self.timers.next().and_then(|due| self.clock.until(due));
        let patience = match (timeout, timer) {
            (Some(timeout), Some(timer)) => Some(timeout.min(timer)),
            (timeout, timer) => timeout.or(timer),
        };
        patience.map(|patience| patience.min(LONGEST_WAIT))
    }
}

impl<S, T> fmt::Debug for EventLoop<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("sources", &self.sources.len())
            .field("timers", &self.timers.len())
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}
