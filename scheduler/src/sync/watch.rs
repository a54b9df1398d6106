//! A watch channel: tasks read the newest value.

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Poll, ready};

use super::waiters::{Name, Standing, Waiter, Waiters};
use crate::executor::budget;

/// A channel that holds only the newest value: a slow reader misses the values in between.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, spawn};
/// use scheduler::sync::watch;
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let (sender, mut receiver) = watch("starting");
///     assert_eq!(*receiver.borrow(), "starting");
///     let watching = spawn(async move {
///         receiver.changed().await.map(|()| *receiver.borrow())
///     });
///     sender.send("listening");
///     sender.send("ready");
///     assert_eq!(watching.await.unwrap(), Ok("ready"));
/// });
/// # Ok(()) }
/// ```
#[track_caller]
pub fn watch<T>(value: T) -> (WatchSender<T>, WatchReceiver<T>) {
    let watched = Rc::new(Watched {
        value: RefCell::new(value),
        version: Cell::new(0),
        sender_is_there: Cell::new(true),
        waiters: Waiters::new("a change of watch", Name::Place(Location::caller())),
    });
    let sender = WatchSender {
        watched: Rc::clone(&watched),
    };
    (sender, WatchReceiver { watched, seen: 0 })
}

struct Watched<T> {
    value: RefCell<T>,
    version: Cell<u64>,
    sender_is_there: Cell<bool>,
    waiters: Rc<Waiters>,
}

/// The sender was dropped, so the value does not change any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sender was dropped: the value does not change any more")]
pub struct WatchClosed;

/// The end that sets the value.
pub struct WatchSender<T> {
    watched: Rc<Watched<T>>,
}

impl<T> WatchSender<T> {
    /// Sets the value, and wakes all receivers that wait for a change.
    ///
    /// # Panics
    ///
    /// While the result of [`WatchReceiver::borrow`] is held.
    pub fn send(&self, value: T) {
        let old = self.watched.value.replace(value);
        self.watched.version.update(|version| version + 1);
        self.watched.waiters.settle_all(Standing::Granted);
        drop(old);
    }

    /// Makes a receiver that has seen the present value.
    pub fn subscribe(&self) -> WatchReceiver<T> {
        WatchReceiver {
            watched: Rc::clone(&self.watched),
            seen: self.watched.version.get(),
        }
    }
}

impl<T> Drop for WatchSender<T> {
    fn drop(&mut self) {
        self.watched.sender_is_there.set(false);
        self.watched.waiters.settle_all(Standing::Closed);
    }
}

impl<T: fmt::Debug> fmt::Debug for WatchSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WatchSender({:?})", self.watched.value)
    }
}

/// The end that reads the value. A clone has seen the same values.
pub struct WatchReceiver<T> {
    watched: Rc<Watched<T>>,
    seen: u64,
}

impl<T> WatchReceiver<T> {
    /// The newest value. Do not hold this across an await: the sender would panic.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.watched.value.borrow()
    }

    /// Waits for a value that this receiver has not seen. That value then counts as seen.
    ///
    /// # Errors
    ///
    /// When the sender was dropped and there is no unseen value.
    pub async fn changed(&mut self) -> Result<(), WatchClosed> {
        let mut waiter: Option<Waiter> = None;
        poll_fn(|context| {
            if waiter.is_none() {
                ready!(budget::spend(context));
            }
            let version = self.watched.version.get();
            if version != self.seen {
                self.seen = version;
                return Poll::Ready(Ok(()));
            }
            if !self.watched.sender_is_there.get() {
                return Poll::Ready(Err(WatchClosed));
            }
            match &waiter {
                Some(waiter) => {
                    waiter.poll(context);
                }
                None => waiter = Some(self.watched.waiters.join(0, context)),
            }
            Poll::Pending
        })
        .await
    }
}

impl<T> Clone for WatchReceiver<T> {
    fn clone(&self) -> WatchReceiver<T> {
        WatchReceiver {
            watched: Rc::clone(&self.watched),
            seen: self.seen,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for WatchReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WatchReceiver({:?})", self.watched.value)
    }
}
