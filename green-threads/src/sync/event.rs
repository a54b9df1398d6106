//! An event: it is set or not.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use crate::hub;
use crate::wait_queue::{Wait, WaitQueue};

/// A flag that can be waited for.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// use green_threads::{spawn, sync::Event};
///
/// let tea = Rc::new(Event::new());
/// let guests: Vec<_> = (0..3)
///     .map(|_| spawn({ let tea = Rc::clone(&tea); move || tea.wait() }))
///     .collect();
/// tea.set();
/// assert_eq!(green_threads::join_all(&guests, None), 3);
/// ```
#[derive(Default)]
pub struct Event {
    set: Cell<bool>,
    waiters: WaitQueue,
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Event {
        Event::default()
    }

    /// Sets it, and wakes all waiters, even if it is cleared before they run.
    pub fn set(&self) {
        self.set.set(true);
        self.waiters.wake_all();
    }

    /// Clears it.
    pub fn clear(&self) {
        self.set.set(false);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.set.get()
    }

    /// Waits until it is set.
    pub fn wait(&self) {
        hub::with(|hub| hub.spend());
        if !self.is_set() {
            self.waiters.wait(Wait::new("an event"));
        }
    }

    /// Waits until it is set, with a time-out. Returns whether it was set.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        hub::with(|hub| hub.spend());
        let deadline = Some(hub::after(timeout));
        self.is_set() || self.waiters.wait(Wait::new("an event").until(deadline))
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.set).finish()
    }
}
