//! Time-outs with one timer for a whole request.
//!
//! A request has many waits, each with its own limit, and nearly no limit is ever reached. So there
//! is one timer. It is set only when a future has to wait, and as seldom as possible.
//!
//! Pin a timer from `unset` once, and wrap each wait in `within`. At the deadline it returns an error, and
//! the future is dropped, which cancels it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::error::{Error, Phase};

/// Decades: practically never.
const NEVER: Duration = Duration::from_secs(1 << 30);

/// A time from now. If that time cannot be represented, it is practically never.
pub(crate) fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait.min(NEVER)).unwrap_or(now)
}

/// A timer that is not set yet.
pub(crate) fn unset() -> Sleep {
    tokio::time::sleep(NEVER)
}

/// A point in time, the phase that must end before it, and the limit of that phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) phase: Phase,
    pub(crate) after: Duration,
}

impl Deadline {
    /// The earlier one.
    pub(crate) fn or(self, other: Deadline) -> Deadline {
        if other.at < self.at { other } else { self }
    }
}

/// Waits for a future until a deadline. The deadline is computed only if the future is not ready.
///
/// A timer that is set too early stays as it is: when it fires, it is set again. So a timer that
/// serves one request after the other is seldom touched.
pub(crate) async fn within<T>(
    mut alarm: Pin<&mut Sleep>,
    deadline: impl FnOnce() -> Deadline,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    let mut deadline = Lazy::Not(Some(deadline));
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        let deadline = deadline.get();
        if alarm.deadline() > deadline.at {
            alarm.as_mut().reset(deadline.at);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline.at {
                return Poll::Ready(Err(Error::Timeout {
                    phase: deadline.phase,
                    after: deadline.after,
                }));
            }
            alarm.as_mut().reset(deadline.at);
        }
        Poll::Pending
    })
    .await
}

/// A deadline that is known already, or can be computed.
enum Lazy<F> {
    Not(Option<F>),
    Known(Deadline),
}

impl<F: FnOnce() -> Deadline> Lazy<F> {
    fn get(&mut self) -> Deadline {
        match self {
            Lazy::Known(deadline) => *deadline,
            Lazy::Not(ask) => {
                // It is there: only this line takes it, and the next one replaces the variant.
                let deadline = ask
                    .take()
                    .map_or_else(|| unreachable!("it is taken once"), |ask| ask());
                *self = Lazy::Known(deadline);
                deadline
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_serves_one_wait_after_the_other() {
        let mut alarm = pin!(unset());
        let start = Instant::now();
        for seconds in [30, 10, 20, 5] {
            let now = Instant::now();
            let after = Duration::from_secs(seconds);
            let deadline = || Deadline {
                at: now + after,
                phase: Phase::Idle,
                after,
            };
            assert!(within(alarm.as_mut(), deadline, async {}).await.is_ok());
            let soon = tokio::time::sleep(Duration::from_secs(1));
            assert!(within(alarm.as_mut(), deadline, soon).await.is_ok());
            let never = std::future::pending::<()>();
            assert!(within(alarm.as_mut(), deadline, never).await.is_err());
            assert_eq!(now.elapsed(), after);
        }
        assert_eq!(start.elapsed().as_secs(), 65);
    }
}
