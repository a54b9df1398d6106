//! The event loop: it waits for events, and returns them one by one.

mod sources;
mod timing;
mod waking;

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::events::{Batch, WAKER};
use crate::signals::Signals;
use crate::{Clock, DueTurn, Event, SystemClock, TimerTable, TokenTable, Waker};

/// The longest single wait, because the system counts milliseconds in 32 bits. For a timer that is
/// further away the loop wakes up, finds nothing, and waits again.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// An event loop: it waits for sockets, timers, wake-ups and signals. One loop runs on one thread.
///
/// A source is registered with a value of type `S`, and its events carry this value. A timer is set
/// with a value of type `T`, and its event carries it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use event_loop::EventLoop;
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
/// event_loop.add_timer_after(Duration::from_millis(1), "tea");
/// event_loop.wait(None)?;
/// assert!(event_loop.next_event().is_some());
/// # Ok(()) }
/// ```
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
    /// A loop on the system's clock.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left. On Linux a loop takes two, and two more for signals.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::EventLoop;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// // Sources come with a number, timers with a text.
    /// let event_loop: EventLoop<u32, String> = EventLoop::new()?;
    /// assert_eq!(event_loop.waits(), 0);
    /// # Ok(()) }
    /// ```
    pub fn new() -> io::Result<EventLoop<S, T>> {
        Self::with_clock(SystemClock)
    }

    /// A loop on another clock. With a [`FakeClock`](crate::FakeClock), tests of time are exact and
    /// take no time.
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

    /// How many times the loop has waited. An idle loop does not wait again, so the number stands
    /// still.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::EventLoop;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop = EventLoop::new()?;
    /// event_loop.wait(Some(Duration::ZERO))?;
    /// assert_eq!(event_loop.waits(), 1);
    /// # Ok(()) }
    /// ```
    pub fn waits(&self) -> u64 {
        self.waits
    }

    /// Waits until something happens, at most for `timeout`, and begins a turn:
    /// [`next_event`](EventLoop::next_event) returns the events. There may be none.
    ///
    /// If events of the last turn are left, this does not wait: they come first.
    ///
    /// # Errors
    ///
    /// When the system cannot wait. Then the loop cannot be used any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::{Event, EventLoop};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// event_loop.wait(Some(Duration::from_millis(1)))?;
    /// assert_eq!(event_loop.next_event(), None, "nothing happened");
    /// let key = event_loop.add_timer_after(Duration::ZERO, "tea");
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Timer(key, "tea")));
    /// # Ok(()) }
    /// ```
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
            // A signal handler ran. `collect` finds what it has left.
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::EventLoop;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// for name in ["tea", "cake"] {
    ///     event_loop.add_timer_after(Duration::ZERO, name);
    /// }
    /// event_loop.wait(None)?;
    /// let mut events = 0;
    /// while let Some(_event) = event_loop.next_event() {
    ///     events += 1;
    /// }
    /// assert_eq!(events, 2);
    /// # Ok(()) }
    /// ```
    pub fn next_event(&mut self) -> Option<Event<S, T>>
    where
        S: Clone,
    {
        while let Some((token, readiness)) = self.batch.next_ready() {
            // Its source may have been removed meanwhile.
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
    /// It handles all events of the last turn, also those after the break: an edge is reported only
    /// once.
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

    /// How long a wait may take: until the caller's time-out or the next timer, whichever is
    /// earlier.
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
