//! Channels: bounded, unbounded, and rendezvous (of capacity zero).
//!
//! A value goes straight to a waiting receiver, if there is one. Then no other green thread can
//! take it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::hub;
use crate::task::Cause;
use crate::wait_queue::{Wait, WaitQueue};

/// All receivers are dropped. The value is returned.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all receivers are dropped")]
pub struct SendError<T>(pub T);

/// Why a value was not sent. The value is returned.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// The channel is full, and no receiver waits.
    #[error("the channel is full")]
    Full(T),
    /// All receivers are dropped.
    #[error("all receivers are dropped")]
    Disconnected(T),
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full",
            TrySendError::Disconnected(_) => "Disconnected",
        })
    }
}

impl<T> TrySendError<T> {
    /// Takes the value out of the error.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(value) | TrySendError::Disconnected(value) => value,
        }
    }
}

/// All senders are dropped, and every value was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all senders are dropped")]
pub struct RecvError;

/// Why nothing was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryRecvError {
    /// The channel is empty (with a time-out: until it expired).
    #[error("the channel is empty")]
    Empty,
    /// All senders are dropped, and every value was received.
    #[error("all senders are dropped")]
    Disconnected,
}

/// Makes a channel with its two ends: see [`bounded`](Channel::bounded).
#[derive(Debug)]
pub struct Channel;

impl Channel {
    /// A channel that holds up to `capacity` values. With capacity 0 it is a rendezvous: sending
    /// waits for a receiver.
    ///
    /// Both ends can be cloned, and belong to the green threads of one thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use green_threads::{Channel, spawn};
    ///
    /// let (sender, receiver) = Channel::bounded(2);
    /// let producer = spawn(move || (0..5).for_each(|n| sender.send(n).unwrap()));
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    /// producer.join().unwrap();
    /// ```
    pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        let shared = Rc::new(Shared {
            capacity,
            queue: RefCell::default(),
            senders: Cell::new(1),
            receivers: Cell::new(1),
            sending: WaitQueue::default(),
            receiving: WaitQueue::default(),
        });
        let receiver = Receiver {
            shared: Rc::clone(&shared),
        };
        (Sender { shared }, receiver)
    }

    /// A channel without a limit. Something else must limit how many values it holds.
    pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
        Self::bounded(usize::MAX)
    }

    /// A channel with capacity 0: a sender waits for a receiver.
    pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
        Self::bounded(0)
    }
}

pub(crate) struct Shared<T> {
    capacity: usize,
    queue: RefCell<VecDeque<T>>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    /// Waiting senders, each with its value. A value that was taken has been sent.
    pub(crate) sending: WaitQueue<Option<T>>,
    /// Waiting receivers. The sender that wakes one gives it the value. It gets none if all senders
    /// were dropped.
    pub(crate) receiving: WaitQueue<Option<T>>,
}

impl<T> Shared<T> {
    pub(crate) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        if self.receivers.get() == 0 {
            return Err(TrySendError::Disconnected(value));
        }
        let mut value = Some(value);
        if self.receiving.wake_one_with(|slot| *slot = value.take()) {
            return Ok(());
        }
        let mut queue = self.queue.borrow_mut();
        match value {
            Some(value) if queue.len() < self.capacity => {
                queue.push_back(value);
                Ok(())
            }
            Some(value) => Err(TrySendError::Full(value)),
            None => Ok(()),
        }
    }

    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut queue = self.queue.borrow_mut();
        let mut value = queue.pop_front();
        // There is room now for a waiting sender. With capacity 0, the sender hands over directly.
        self.sending.wake_one_with(|slot| match value {
            Some(_) => queue.extend(slot.take()),
            None => value = slot.take(),
        });
        match value {
            Some(value) => Ok(value),
            None if self.senders.get() == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    fn len(&self) -> usize {
        self.queue.borrow().len()
    }
}

/// The sending end of a [`Channel`].
pub struct Sender<T> {
    pub(crate) shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends a value. Waits while the channel is full.
    ///
    /// # Errors
    ///
    /// When all receivers are dropped.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.send_until(value, None)
            .map_err(|error| SendError(error.into_inner()))
    }

    /// Sends a value, if there is room within this time.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] after the time-out, or that all receivers are dropped.
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), TrySendError<T>> {
        self.send_until(value, Some(hub::after(timeout)))
    }

    fn send_until(&self, value: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        hub::with(|hub| hub.spend());
        let value = match self.shared.try_send(value) {
            Err(TrySendError::Full(value)) => value,
            result => return result,
        };
        let wait = Wait::new("room in a channel").until(deadline);
        match self.shared.sending.wait_with(Some(value), wait) {
            (Cause::TimedOut, Some(Some(value))) => Err(TrySendError::Full(value)),
            (_, Some(Some(value))) => Err(TrySendError::Disconnected(value)),
            _ => Ok(()),
        }
    }

    /// Sends a value without waiting.
    ///
    /// # Errors
    ///
    /// That the channel is full, or that all receivers are dropped.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.shared.try_send(value)
    }

    /// How many values the channel holds.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether the channel is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.set(self.shared.senders.get() + 1);
        Sender {
            shared: Rc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = self.shared.senders.get() - 1;
        self.shared.senders.set(left);
        if left == 0 {
            self.shared.receiving.wake_all();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).finish()
    }
}

/// The receiving end of a [`Channel`].
pub struct Receiver<T> {
    pub(crate) shared: Rc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// Receives a value. Waits while the channel is empty.
    ///
    /// # Errors
    ///
    /// When all senders are dropped and the channel is empty.
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_until(None).map_err(|_| RecvError)
    }

    /// Receives a value, if one comes within this time.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] after the time-out, or that all senders are dropped.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, TryRecvError> {
        self.recv_until(Some(hub::after(timeout)))
    }

    fn recv_until(&self, deadline: Option<Instant>) -> Result<T, TryRecvError> {
        hub::with(|hub| hub.spend());
        match self.shared.try_recv() {
            Err(TryRecvError::Empty) => {}
            result => return result,
        }
        let wait = Wait::new("a value from a channel").until(deadline);
        match self.shared.receiving.wait_with(None, wait) {
            (_, Some(Some(value))) => Ok(value),
            (Cause::TimedOut, _) => Err(TryRecvError::Empty),
            _ => Err(TryRecvError::Disconnected),
        }
    }

    /// Receives a value without waiting.
    ///
    /// # Errors
    ///
    /// That the channel is empty, or that all senders are dropped.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shared.try_recv()
    }

    /// An iterator over the values. It ends when all senders are dropped.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// How many values the channel holds.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether the channel is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.receivers.set(self.shared.receivers.get() + 1);
        Receiver {
            shared: Rc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = self.shared.receivers.get() - 1;
        self.shared.receivers.set(left);
        if left == 0 {
            self.shared.sending.wake_all();
            // These values can never be received. Their destructors may send or wait.
            let lost = self.shared.queue.take();
            drop(lost);
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .finish()
    }
}
