//! A one-shot channel: one value, once, from one task to another.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::waiters::{Name, Standing, Waiter, Waiters};

/// A channel for one value: asyncio's `Future`.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, spawn};
/// use scheduler::sync::oneshot;
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let (sender, receiver) = oneshot();
///     let asking = spawn(receiver);
///     assert_eq!(sender.send(42), Ok(()));
///     assert_eq!(asking.await.unwrap(), Ok(42));
///
///     let (sender, receiver) = oneshot::<()>();
///     drop(sender);
///     assert!(receiver.await.is_err());
/// });
/// # Ok(()) }
/// ```
#[track_caller]
pub fn oneshot<T>() -> (OneshotSender<T>, OneshotReceiver<T>) {
    let channel = Rc::new(Oneshot {
        value: Cell::new(None),
        sender_is_there: Cell::new(true),
        receiver_is_there: Cell::new(true),
        waiters: Waiters::new(
            "the value of one-shot channel",
            Name::Place(Location::caller()),
        ),
    });
    let sender = OneshotSender {
        channel: Rc::clone(&channel),
    };
    let receiver = OneshotReceiver {
        channel,
        waiter: None,
    };
    (sender, receiver)
}

struct Oneshot<T> {
    value: Cell<Option<T>>,
    sender_is_there: Cell<bool>,
    receiver_is_there: Cell<bool>,
    waiters: Rc<Waiters>,
}

/// The sender was dropped without sending, or the value was received before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was sent, or it was received before")]
pub struct Dropped;

/// The sending end. It sends once.
pub struct OneshotSender<T> {
    channel: Rc<Oneshot<T>>,
}

impl<T> OneshotSender<T> {
    /// Sends the value.
    ///
    /// # Errors
    ///
    /// The value, when the receiver was dropped.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        self.channel.value.set(Some(value));
        Ok(())
    }

    /// Whether the receiver was dropped.
    pub fn is_closed(&self) -> bool {
        !self.channel.receiver_is_there.get()
    }
}

impl<T> Drop for OneshotSender<T> {
    fn drop(&mut self) {
        self.channel.sender_is_there.set(false);
        self.channel.waiters.settle_all(Standing::Granted);
    }
}

impl<T> fmt::Debug for OneshotSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneshotSender")
    }
}

/// The receiving end: await it.
#[must_use = "futures do nothing unless they are awaited"]
pub struct OneshotReceiver<T> {
    channel: Rc<Oneshot<T>>,
    waiter: Option<Waiter>,
}

impl<T> Unpin for OneshotReceiver<T> {}

impl<T> Future for OneshotReceiver<T> {
    type Output = Result<T, Dropped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, Dropped>> {
        if !self.channel.sender_is_there.get() {
            return Poll::Ready(self.channel.value.take().ok_or(Dropped));
        }
        match &self.waiter {
            Some(waiter) => {
                waiter.poll(context);
            }
            None => self.waiter = Some(self.channel.waiters.join(0, context)),
        }
        Poll::Pending
    }
}

impl<T> Drop for OneshotReceiver<T> {
    fn drop(&mut self) {
        self.channel.receiver_is_there.set(false);
        drop(self.channel.value.take());
    }
}

impl<T> fmt::Debug for OneshotReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneshotReceiver")
    }
}
