//! Values from task to task.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::semaphore::{Permits, Take};
use super::waiters::Name;

/// A channel that holds at most `capacity` values: a task that sends more waits.
///
/// It is the bounded buffer of E. W. Dijkstra's *Cooperating Sequential Processes* (1965): one
/// semaphore counts the room, another the values.
///
/// # Panics
///
/// If the capacity is 0: nothing could ever be sent.
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

/// The other side of the channel is gone; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody is left who could receive this")]
pub struct Closed<T>(pub T);

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed")
    }
}

/// Why a value was not sent at once; it comes back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrySendError<T> {
    /// There is no room now, or others wait for it.
    #[error("the channel is full")]
    Full(T),
    /// All receivers are gone.
    #[error("nobody is left who could receive this")]
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
pub enum TryRecvError {
    /// There is nothing now, or others wait for it.
    #[error("the channel is empty")]
    Empty,
    /// All senders are gone, and all has been received.
    #[error("nobody is left who could send")]
    Closed,
}

/// The sending side; the channel ends when all its clones are gone.
pub struct Sender<T> {
    channel: Rc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Waits for room, and sends. Dropped before that, it has not sent.
    ///
    /// # Errors
    ///
    /// When all receivers are gone.
    pub async fn send(&self, value: T) -> Result<(), Closed<T>> {
        let taken = self.channel.room.take(1).await;
        if taken.is_err() || self.channel.receivers.get() == 0 {
            return Err(Closed(value));
        }
        self.channel.values.borrow_mut().push_back(value);
        self.channel.items.release(1);
        Ok(())
    }

    /// Sends if there is room now and nobody waits for it; else the value comes back.
    ///
    /// # Errors
    ///
    /// When there is no room, or all receivers are gone.
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

/// The receiving side; its clones share what comes.
pub struct Receiver<T> {
    channel: Rc<Channel<T>>,
}

impl<T> Receiver<T> {
    /// Waits for the next value; `None` when all senders are gone and all has been received.
    pub fn recv(&self) -> Recv<'_, T> {
        Recv {
            receiver: self,
            take: self.channel.items.take(1),
        }
    }

    /// Receives what is there now, if nobody waits for it.
    ///
    /// # Errors
    ///
    /// When there is nothing, now or ever.
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

/// The future of [`Receiver::recv`]. Dropped before it is ready, it has received nothing.
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
