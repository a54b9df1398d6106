//! An event: a flag that tasks wait for.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::waiters::{Name, Standing, Waiter, Waiters};
use crate::executor::budget;

/// An event: setting it wakes all tasks that wait for it.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, gather};
/// use scheduler::sync::Event;
///
/// # fn main() -> std::io::Result<()> {
/// let start = Event::new();
/// let executor = Executor::new()?;
/// let signal = start.clone();
/// let runners = executor.spawn(gather((0..3).map(move |n| {
///     let start = signal.clone();
///     async move {
///         start.wait().await;
///         n
///     }
/// })));
/// executor.run_pending();
/// assert!(!runners.is_finished());
/// start.set();
/// assert_eq!(executor.block_on(runners).unwrap(), [0, 1, 2]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Event {
    is_set: Rc<Cell<bool>>,
    waiters: Rc<Waiters>,
}

impl Event {
    /// An event that is not set.
    #[track_caller]
    #[expect(
        clippy::new_without_default,
        reason = "a default one would not know the place where it was made"
    )]
    pub fn new() -> Event {
        Event::make(Name::Place(Location::caller()))
    }

    /// An event with a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>) -> Event {
        Event::make(Name::Given(name.into()))
    }

    fn make(name: Name) -> Event {
        Event {
            is_set: Rc::default(),
            waiters: Waiters::new("event", name),
        }
    }

    /// Sets it. All waiting tasks go on, and later waits return at once until it is
    /// [cleared](Event::clear).
    pub fn set(&self) {
        self.is_set.set(true);
        self.waiters.settle_all(Standing::Granted);
    }

    /// Clears it: from now on tasks wait again.
    pub fn clear(&self) {
        self.is_set.set(false);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Waits until it is set. A task that waited then goes on even if the event was cleared since.
    pub fn wait(&self) -> EventWait {
        EventWait {
            event: self.clone(),
            waiter: None,
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Event({})",
            ["not set", "set"][usize::from(self.is_set())]
        )
    }
}

/// The future of [`Event::wait`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct EventWait {
    event: Event,
    waiter: Option<Waiter>,
}

impl Future for EventWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &self.waiter {
            None => {
                ready!(budget::spend(context));
                if self.event.is_set() {
                    return Poll::Ready(());
                }
                self.waiter = Some(self.event.waiters.join(0, context));
                Poll::Pending
            }
            Some(waiter) => match waiter.poll(context) {
                Standing::Waiting => Poll::Pending,
                Standing::Granted | Standing::Closed => Poll::Ready(()),
            },
        }
    }
}

impl fmt::Debug for EventWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventWait")
    }
}
