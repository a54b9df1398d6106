//! Time-outs: they make a green thread unwind, wherever it waits.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use event_loop::TimerKey;

use crate::hub;
use crate::task::{Raise, Task};

/// The time-out has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done after {after:?}")]
pub struct TimedOut {
    /// The length of the time-out.
    pub after: Duration,
}

/// A time-out of the green thread that made it. When it expires, the green thread unwinds from the
/// point where it waits, up to [`catch`](Timeout::catch). If nothing catches it, the green thread
/// ends ([`JoinError::TimedOut`](crate::JoinError)). Dropping it cancels it.
///
/// Each catches only its own panic, so they can be nested. It cannot stop a computation that does
/// not wait.
#[derive(Debug)]
#[must_use = "a time-out is called off when it is dropped"]
pub struct Timeout {
    raise: Raise,
    after: Duration,
    alarm: TimerKey,
    task: Rc<Task>,
}

impl Timeout {
    /// Starts the time-out.
    pub fn start(after: Duration) -> Timeout {
        hub::with(|hub| {
            let raise = Raise::Timeout(hub.living.next_id(), after);
            Timeout {
                raise,
                after,
                alarm: hub.driver.raise_at(hub, hub.driver.after(after), raise),
                task: hub.current(),
            }
        })
    }

    /// Calls `f`. If `f` waits beyond the time, it unwinds.
    ///
    /// # Errors
    ///
    /// That it timed out. The destructors in `f` have run by then.
    ///
    /// # Panics
    ///
    /// When `f` does. Other time-outs pass through.
    pub fn catch<T>(self, f: impl FnOnce() -> T) -> Result<T, TimedOut> {
        let result = catch_unwind(AssertUnwindSafe(f));
        let (raise, after) = (self.raise, self.after);
        // From here on it is not raised any more.
        drop(self);
        match result {
            Ok(value) => Ok(value),
            Err(payload) if payload.downcast_ref() == Some(&raise) => Err(TimedOut { after }),
            Err(payload) => resume_unwind(payload),
        }
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        hub::try_with(|hub| hub.driver.cancel_alarm(self.alarm));
        self.task.unraise(self.raise);
    }
}

/// Calls `f`. If `f` waits beyond the time, it unwinds; see [`Timeout`].
///
/// # Errors
///
/// That it timed out.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use green_threads::{sleep, timeout};
///
/// let patient = timeout(Duration::from_secs(60), || "done");
/// assert_eq!(patient, Ok("done"));
///
/// let hasty = timeout(Duration::from_millis(1), || sleep(Duration::from_secs(60)));
/// assert_eq!(hasty.unwrap_err().to_string(), "not done after 1ms");
/// ```
pub fn timeout<T>(after: Duration, f: impl FnOnce() -> T) -> Result<T, TimedOut> {
    Timeout::start(after).catch(f)
}
