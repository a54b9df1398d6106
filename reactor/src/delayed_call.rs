//! A call that is made once, later.

use std::cell::Cell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use event_loop::{TimerKey, after};

use crate::Reactor;
use crate::inner::{Action, Inner};

/// A call that will be made: see [`Reactor::call_later`]. Dropping it does not cancel it; clones are
/// the same call.
#[derive(Clone)]
pub struct DelayedCall {
    reactor: Weak<Inner>,
    key: Rc<Cell<TimerKey>>,
}

impl Reactor {
    /// Calls `call` once, after `delay`, which counts from this moment. Calls of the same moment are
    /// made in the order of `call_later`. However long the delay is: `Duration::MAX` is never.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = reactor::Reactor::new()?;
    /// let call = reactor.call_later(Duration::from_secs(60), |reactor| reactor.stop());
    /// assert!(call.reset(Duration::ZERO));
    /// reactor.run()?;
    /// assert!(!call.is_active());
    /// # Ok(()) }
    /// ```
    pub fn call_later(
        &self,
        delay: Duration,
        call: impl FnOnce(&Reactor) + 'static,
    ) -> DelayedCall {
        let action = Action::Call(Box::new(call));
        let key = self.inner.event_loop().add_timer_after(delay, action);
        DelayedCall {
            reactor: Rc::downgrade(&self.inner),
            key: Rc::new(Cell::new(key)),
        }
    }
}

impl DelayedCall {
    /// Cancels it; false if it has been made, or cancelled before.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let reactor = reactor::Reactor::new()?;
    /// let call = reactor.call_later(std::time::Duration::ZERO, |_| unreachable!());
    /// assert!(call.cancel());
    /// assert!(!call.cancel());
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) -> bool {
        let Some(inner) = self.reactor.upgrade() else {
            return false;
        };
        // Dropped when the loop is free again: what the call owns may be the reactor.
        let action = inner.cancel_timer(self.key.get());
        action.is_some()
    }

    /// Has it made this long after this moment, instead of when it was to be made; false if it has
    /// been made, or cancelled.
    pub fn reset(&self, delay: Duration) -> bool {
        self.move_to(|inner, _| inner.after(delay))
    }

    /// Has it made this much later than it was to be; false if it has been made, or cancelled.
    pub fn delay(&self, longer: Duration) -> bool {
        self.move_to(|_, due| after(due, longer))
    }

    fn move_to(&self, due: impl FnOnce(&Inner, Instant) -> Instant) -> bool {
        let Some(inner) = self.reactor.upgrade() else {
            return false;
        };
        let Some(action) = inner.cancel_timer(self.key.get()) else {
            return false;
        };
        let due = due(&inner, self.key.get().due());
        self.key.set(inner.set_timer(due, action));
        true
    }

    /// Whether it will still be made.
    pub fn is_active(&self) -> bool {
        let inner = self.reactor.upgrade();
        inner.is_some_and(|inner| inner.event_loop().timers().get(self.key.get()).is_some())
    }

    /// When it is to be made, or was.
    pub fn due(&self) -> Instant {
        self.key.get().due()
    }
}

impl fmt::Debug for DelayedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DelayedCall(active: {})", self.is_active())
    }
}
