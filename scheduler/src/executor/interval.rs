//! Intervals: ticks at regular times.

use std::time::{Duration, Instant};

use event_loop::after;

use super::inner::Inner;
use super::sleep_until;

/// Ticks every `period`. The first tick comes at once.
///
/// If the task comes too late for a tick, that tick comes late, and the others that were missed are
/// skipped. The next one comes at its regular time.
///
/// # Panics
///
/// If the period is zero, and outside of an executor.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use event_loop::FakeClock;
/// use scheduler::executor::{Executor, interval};
///
/// # fn main() -> std::io::Result<()> {
/// let clock = FakeClock::new();
/// Executor::with_clock(clock.clone())?.block_on(async {
///     let mut ticks = interval(Duration::from_secs(10));
///     let first = ticks.tick().await;
///     clock.advance(Duration::from_secs(35));
///     assert_eq!(ticks.tick().await - first, Duration::from_secs(10), "late");
///     clock.advance(Duration::from_secs(5));
///     assert_eq!(ticks.tick().await - first, Duration::from_secs(40), "20 and 30 were missed");
/// });
/// # Ok(()) }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval of no time would never wait");
    Interval {
        period,
        next: Inner::current().now(),
    }
}

/// Regular ticks, made by [`interval`].
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    next: Instant,
}

impl Interval {
    /// Waits for the next tick, and returns when it was due. If this future is dropped before the
    /// tick, the tick is not lost.
    pub async fn tick(&mut self) -> Instant {
        let due = self.next;
        sleep_until(due).await;
        let late = Inner::current().now().saturating_duration_since(due);
        let missed = late.as_nanos() / self.period.as_nanos();
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        self.next = after(due, self.period.saturating_mul(missed.saturating_add(1)));
        due
    }
}
