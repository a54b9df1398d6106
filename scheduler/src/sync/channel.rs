//! A channel: values from task to task.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::semaphore::{Permits, Take};
use super::waiters::Name;

/// A channel that holds at most `capacity` values. When it is full, a task that sends waits.
///
/// It is the bounded buffer of E. W. Dijkstra's *Cooperating Sequential Processes* (1965): one
/// semaphore counts the free places, another the values.
///
/// # Panics
///
/// If the capacity is 0, because nothing could ever be sent.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, spawn};
/// use scheduler::sync::channel;
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let (sender, receiver) = channel(2);
///     drop(spawn(async move {
///         for n in 0..5 {
///             if sender.send(n).await.is_err() {
///                 break;
///             }
///         }
///     }));
///     let mut sum = 0;
///     while let Some(n) = receiver.recv().await {
///         sum += n;
///     }
///     assert_eq!(sum, 10);
/// });
/// # Ok(()) }
/// ```
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    make(Name::Place(Location::caller()), capacity)
}

/// A channel with a name for the report of a deadlock.
///
/// # Panics
///
/// As [`channel`].
#[track_caller]
pub fn channel_named<T>(name: impl Into<Rc<str>>, capacity: usize) -> (Sender<T>, Receiver<T>) {
    make(Name::Given(name.into()), capacity)
}

#[track_caller]
fn make<T>(name: Name, capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "a channel of capacity 0: nothing could be sent"
    );
    let channel = Rc::new(Channel {
        values: RefCell::default(),
        room: Permits::new("room in channel", name.clone(), capacity),
        items: Permits::new("a value from channel", name, 0),
        senders: Cell::new(1),
        receivers: Cell::new(1),
    });
    let sender = Sender {
        channel: Rc::clone(&channel),
    };
    (sender, Receiver { channel })
}

struct Channel<T> {
    values: RefCell<VecDeque<T>>,
    room: Rc<Permits>,
    items: Rc<Permits>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
}

/// All receivers are dropped. The value is returned.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all receivers are dropped")]
pub struct Closed<T>(pub T);

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed")
    }
}

/// Why a value was not sent at once. The value is returned.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// The channel is full, or other tasks wait to send.
    #[error("the channel is full")]
    Full(T),
    /// All receivers are dropped.
    #[error("all receivers are dropped")]
    Closed(T),
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full",
            TrySendError::Closed(_) => "Closed",
        })
    }
}

/// Why nothing was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryRecvError {
    /// The channel is empty, or other tasks wait to receive.
    #[error("the channel is empty")]
    Empty,
    /// All senders are dropped, and every value was received.
    #[error("all senders are dropped")]
    Closed,
}

/// The sending side. The channel ends when all senders are dropped.
pub struct Sender<T> {
    channel: Rc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Waits for room, and sends. If it is dropped before that, nothing is sent.
    ///
    /// # Errors
    ///
    /// When all receivers are dropped.
    pub async fn send(&self, value: T) -> Result<(), Closed<T>> {
        let taken = self.channel.room.take(1).await;
        if taken.is_err() || self.channel.receivers.get() == 0 {
            return Err(Closed(value));
        }
        self.channel.values.borrow_mut().push_back(value);
        self.channel.items.release(1);
        Ok(())
    }

    /// Sends if there is room now and no other task waits to send. Otherwise it returns the value.
    ///
    /// # Errors
    ///
    /// When there is no room, or all receivers are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::sync::{TryRecvError, TrySendError, channel};
    ///
    /// let (sender, receiver) = channel(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        if self.channel.receivers.get() == 0 {
            return Err(TrySendError::Closed(value));
        }
        if !self.channel.room.try_take(1) {
            return Err(TrySendError::Full(value));
        }
        self.channel.values.borrow_mut().push_back(value);
        self.channel.items.release(1);
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.channel.senders.update(|senders| senders + 1);
        Sender {
            channel: Rc::clone(&self.channel),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.senders.update(|senders| senders - 1);
        if self.channel.senders.get() == 0 {
            self.channel.items.close();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({} waiting)", self.channel.values.borrow().len())
    }
}

/// The receiving side. Each value goes to one of its clones.
pub struct Receiver<T> {
    channel: Rc<Channel<T>>,
}

impl<T> Receiver<T> {
    /// Waits for the next value; `None` when all senders are dropped and every value was received.
    pub fn recv(&self) -> Recv<'_, T> {
        Recv {
            receiver: self,
            take: self.channel.items.take(1),
        }
    }

    /// Receives a value that is there now, if no other task waits to receive.
    ///
    /// # Errors
    ///
    /// When there is no value now, or there will never be one.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let channel = &self.channel;
        if !channel.items.try_take(1) {
            return Err(match channel.items.is_closed() {
                true => TryRecvError::Closed,
                false => TryRecvError::Empty,
            });
        }
        let value = channel.values.borrow_mut().pop_front();
        channel.room.release(1);
        value.ok_or(TryRecvError::Empty)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.channel.receivers.update(|receivers| receivers + 1);
        Receiver {
            channel: Rc::clone(&self.channel),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.receivers.update(|receivers| receivers - 1);
        if self.channel.receivers.get() == 0 {
            self.channel.room.close();
            let unreceived = self.channel.values.take();
            drop(unreceived);
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Receiver({} waiting)",
            self.channel.values.borrow().len()
        )
    }
}

/// The future of [`Receiver::recv`]. If it is dropped before it is ready, no value is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Recv<'a, T> {
    receiver: &'a Receiver<T>,
    take: Take,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let channel = &self.receiver.channel;
        let value = match Pin::new(&mut self.take).poll(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(())) => None,
            Poll::Ready(Ok(())) => channel.values.borrow_mut().pop_front(),
        };
        if value.is_some() {
            channel.room.release(1);
        }
        Poll::Ready(value)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recv")
    }
}
