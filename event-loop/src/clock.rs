//! Clocks: the system's, and a fake one for tests.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A clock: it tells an event loop the time.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// use event_loop::{Clock, EventLoop};
///
/// /// Noon, for ever.
/// #[derive(Debug)]
/// struct Noon(Instant);
///
/// impl Clock for Noon {
///     fn now(&self) -> Instant {
///         self.0
///     }
/// }
///
/// let noon = Instant::now();
/// let event_loop: EventLoop = EventLoop::with_clock(Noon(noon))?;
/// assert_eq!(event_loop.now(), noon);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Clock: Debug + Send {
    /// The time. It is never earlier than it was before.
    fn now(&self) -> Instant;

    /// How long to wait until `moment`; `None` if waiting does not help, as with a fake clock.
    fn until(&self, moment: Instant) -> Option<Duration> {
        Some(moment.saturating_duration_since(self.now()))
    }
}

/// The system's monotonic clock.
///
/// # Examples
///
/// ```
/// use event_loop::{Clock, SystemClock};
///
/// let before = SystemClock.now();
/// assert!(SystemClock.now() >= before);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that stands still until it is [advanced](FakeClock::advance). All clones show the same
/// time.
///
/// A loop with this clock never waits for a timer. Timers become due when the clock is advanced.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use event_loop::{Clock, FakeClock};
///
/// let clock = FakeClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - before, Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock {
    start: Instant,
    nanos: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock that stands still.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Clock, FakeClock};
    ///
    /// let clock = FakeClock::new();
    /// assert_eq!(clock.now(), clock.clone().now());
    /// ```
    pub fn new() -> FakeClock {
        FakeClock {
            start: Instant::now(),
            nanos: Arc::default(),
        }
    }

    /// Moves the clock forward. Loops see the new time at their next turn. The clock stops 584
    /// years after it was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::{Clock, FakeClock};
    ///
    /// let clock = FakeClock::new();
    /// clock.advance(Duration::MAX);
    /// let end = clock.now();
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), end);
    /// ```
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let add = |nanos: u64| Some(nanos.saturating_add(by));
        // It cannot fail: `add` always has a value.
        let _ = self
            .nanos
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        crate::after(
            self.start,
            Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        )
    }

    fn until(&self, moment: Instant) -> Option<Duration> {
        // A moment that has passed is due now. Only `advance` can bring any other nearer.
        (moment <= self.now()).then_some(Duration::ZERO)
    }
}
