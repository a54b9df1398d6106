//! Timers and the time.

use std::time::{Duration, Instant};

use super::EventLoop;
use crate::{TimerKey, TimerTable, after};

impl<S, T> EventLoop<S, T> {
    /// Sets a timer. When `due` has come, there is an event with `value`.
    ///
    /// Timers of the same moment come in the order in which they were set. On Linux a wait ends up
    /// to a millisecond after its timer is due, never before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use event_loop::{Event, EventLoop};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// let now = Instant::now();
    /// let first = event_loop.add_timer(now, "first");
    /// let second = event_loop.add_timer(now, "second");
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Timer(first, "first")));
    /// assert_eq!(event_loop.next_event(), Some(Event::Timer(second, "second")));
    /// # Ok(()) }
    /// ```
    pub fn add_timer(&mut self, due: Instant, value: T) -> TimerKey {
        self.timers.add(due, value)
    }

    /// Sets a timer that is due `delay` after this call. Any delay is allowed: see [`after`].
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
    /// let key = event_loop.add_timer_after(Duration::from_millis(1), "tea");
    /// event_loop.add_timer_after(Duration::MAX, "never");
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Timer(key, "tea")));
    /// # Ok(()) }
    /// ```
    pub fn add_timer_after(&mut self, delay: Duration, value: T) -> TimerKey {
        self.add_timer(after(self.now(), delay), value)
    }

    /// Cancels a timer and returns its value; `None` if it has come or was cancelled before.
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
    /// let key = event_loop.add_timer_after(Duration::from_secs(1), "tea");
    /// assert_eq!(event_loop.timers().get(key), Some(&"tea"));
    /// assert_eq!(event_loop.timers().next(), Some(key.due()));
    /// # Ok(()) }
    /// ```
    pub fn timers(&self) -> &TimerTable<T> {
        &self.timers
    }

    /// The timers that are set, to change them.
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
    /// let key = event_loop.add_timer_after(Duration::from_secs(1), "tea");
    /// if let Some(what) = event_loop.timers_mut().get_mut(key) {
    ///     *what = "coffee";
    /// }
    /// assert_eq!(event_loop.cancel_timer(key), Some("coffee"));
    /// # Ok(()) }
    /// ```
    pub fn timers_mut(&mut self) -> &mut TimerTable<T> {
        &mut self.timers
    }

    /// The time on this loop's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::EventLoop;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop: EventLoop = EventLoop::new()?;
    /// assert!(event_loop.now() >= event_loop.turn_began());
    /// # Ok(()) }
    /// ```
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// When the last wait ended, on this loop's clock. That is a little earlier than
    /// [`now`](EventLoop::now), and costs no system call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::{EventLoop, FakeClock};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let clock = FakeClock::new();
    /// let mut event_loop: EventLoop = EventLoop::with_clock(clock.clone())?;
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(event_loop.now() - event_loop.turn_began(), Duration::from_secs(1));
    /// event_loop.wait(Some(Duration::ZERO))?;
    /// assert_eq!(event_loop.now(), event_loop.turn_began());
    /// # Ok(()) }
    /// ```
    pub fn turn_began(&self) -> Instant {
        self.turn_began
    }
}
