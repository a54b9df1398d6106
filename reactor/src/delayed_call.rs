//! A delayed call: it is made once, later.

use std::cell::Cell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use event_loop::{TimerKey, after};

use crate::Reactor;
use crate::inner::{Action, Inner};

/// A call that is made later: see [`Reactor::call_later`]. Dropping this handle does not cancel the
/// call. Clones are handles of the same call.
#[derive(Clone)]
pub struct DelayedCall {
    reactor: Weak<Inner>,
    key: Rc<Cell<TimerKey>>,
}

impl Reactor {
    /// Calls `call` once, `delay` from now. Calls of the same moment are made in the order of
    /// `call_later`. Any delay is allowed: `Duration::MAX` means never.
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
    /// Cancels it. Returns false if it was made or cancelled before.
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
        // Dropped when the loop is not borrowed any more: the call may own the reactor.
        let action = inner.cancel_timer(self.key.get());
        action.is_some()
    }

    /// Sets its time again, to `delay` from now. Returns false if it was made or cancelled.
    pub fn reset(&self, delay: Duration) -> bool {
        self.move_to(|inner, _| inner.after(delay))
    }

    /// Makes it `longer` later than it was due. Returns false if it was made or cancelled.
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

    /// Whether it is still to be made.
    pub fn is_active(&self) -> bool {
        let inner = self.reactor.upgrade();
        inner.is_some_and(|inner| inner.event_loop().timers().get(self.key.get()).is_some())
    }

    /// When it is due, or was.
    pub fn due(&self) -> Instant {
        self.key.get().due()
    }
}

impl fmt::Debug for DelayedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DelayedCall(active: {})", self.is_active())
    }
}
