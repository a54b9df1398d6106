//! Time-outs with one timer for a whole request.
//!
//! A request has many waits and each its own limit, and nearly none is ever reached. So there is
//! one timer, which is set only when there is something to wait for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::error::{Error, Phase};

/// Decades: as good as never.
const NEVER: Duration = Duration::from_secs(1 << 30);

/// Some time from now; a time beyond all times is as good as never.
pub(crate) fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait.min(NEVER)).unwrap_or(now)
}

/// A timer that is not set yet.
pub(crate) fn unset() -> Sleep {
    tokio::time::sleep(NEVER)
}

/// A point in time, what is not to last longer, and how long that would be.
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

/// Waits for a future until a deadline.
pub(crate) async fn within<T>(
    mut alarm: Pin<&mut Sleep>,
    deadline: Deadline,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if alarm.deadline() != deadline.at {
            alarm.as_mut().reset(deadline.at);
        }
        alarm.as_mut().poll(cx).map(|()| {
            Err(Error::Timeout {
                phase: deadline.phase,
                after: deadline.after,
            })
        })
    })
    .await
}
