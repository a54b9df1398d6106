//! A lock that many may read by, or one write.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::semaphore::{Acquire, Permit, Semaphore};
use super::waiters::Name;

/// A value that many tasks at a time may read, or one may change, across their awaits.
///
/// It is fair: a reader that comes after a waiting writer waits too, so readers do not starve it. A task
/// that reads, and reads again while a writer waits, waits for itself.
///
/// # Examples
///
/// ```
/// use scheduler::executor::Executor;
/// use scheduler::sync::RwLock;
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let names = RwLock::new(vec!["ann"]);
///     let (one, other) = (names.read().await, names.read().await);
///     assert_eq!(one.len() + other.len(), 2);
///     assert!(names.try_write().is_none());
///     drop((one, other));
///     names.write().await.push("bob");
///     assert_eq!(*names.read().await, ["ann", "bob"]);
/// });
/// # Ok(()) }
/// ```
pub struct RwLock<T> {
    semaphore: Semaphore,
    value: Home<T>,
}

/// Where the value is while nobody writes. Readers share it; a writer takes it away.
type Home<T> = Rc<RefCell<Option<Rc<T>>>>;

/// A writer takes them all.
const PERMITS: usize = usize::MAX >> 1;

impl<T> RwLock<T> {
    /// Around a value.
    #[track_caller]
    pub fn new(value: T) -> RwLock<T> {
        RwLock::make(Name::Place(Location::caller()), value)
    }

    /// With a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>, value: T) -> RwLock<T> {
        RwLock::make(Name::Given(name.into()), value)
    }

    fn make(name: Name, value: T) -> RwLock<T> {
        RwLock {
            semaphore: Semaphore::called("read-write lock", name, PERMITS),
            value: Rc::new(RefCell::new(Some(Rc::new(value)))),
        }
    }

    /// Waits until nobody writes.
    pub fn read(&self) -> Reading<T> {
        Reading {
            acquire: self.semaphore.acquire(1),
            value: Rc::clone(&self.value),
        }
    }

    /// Waits until nobody reads or writes.
    pub fn write(&self) -> Writing<T> {
        Writing {
            acquire: self.semaphore.acquire(PERMITS),
            value: Rc::clone(&self.value),
        }
    }

    /// Reads if nobody writes, or waits.
    pub fn try_read(&self) -> Option<ReadGuard<T>> {
        let permit = self.semaphore.try_acquire(1)?;
        Some(ReadGuard::new(permit, &self.value))
    }

    /// Writes if nobody reads, writes, or waits.
    pub fn try_write(&self) -> Option<WriteGuard<T>> {
        let permit = self.semaphore.try_acquire(PERMITS)?;
        Some(WriteGuard::new(permit, &self.value))
    }
}

impl<T> Clone for RwLock<T> {
    fn clone(&self) -> RwLock<T> {
        RwLock {
            semaphore: self.semaphore.clone(),
            value: Rc::clone(&self.value),
        }
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PERMITS - self.semaphore.free() {
            0 => f.write_str("RwLock(free)"),
            PERMITS => f.write_str("RwLock(written)"),
            readers => write!(f, "RwLock({readers} read)"),
        }
    }
}

/// The future of [`RwLock::read`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Reading<T> {
    acquire: Acquire,
    value: Home<T>,
}

impl<T> Future for Reading<T> {
    type Output = ReadGuard<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ReadGuard<T>> {
        let permit = ready!(Pin::new(&mut self.acquire).poll(context));
        Poll::Ready(ReadGuard::new(permit, &self.value))
    }
}

impl<T> fmt::Debug for Reading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

/// The future of [`RwLock::write`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Writing<T> {
    acquire: Acquire,
    value: Home<T>,
}

impl<T> Future for Writing<T> {
    type Output = WriteGuard<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<WriteGuard<T>> {
        let permit = ready!(Pin::new(&mut self.acquire).poll(context));
        Poll::Ready(WriteGuard::new(permit, &self.value))
    }
}

impl<T> fmt::Debug for Writing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writing")
    }
}

const AT_HOME: &str = "the value is at home while nobody has all permits";

/// The value of a [`RwLock`], to be read for as long as this lives.
#[must_use = "the lock is given back when this is dropped"]
pub struct ReadGuard<T> {
    // Dropped before the permit: a writer has the only reference.
    value: Rc<T>,
    _permit: Permit,
}

impl<T> ReadGuard<T> {
    fn new(permit: Permit, home: &Home<T>) -> ReadGuard<T> {
        ReadGuard {
            value: home.borrow().clone().expect(AT_HOME),
            _permit: permit,
        }
    }
}

impl<T> Deref for ReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The value of a [`RwLock`], to be changed for as long as this lives.
#[must_use = "the lock is given back when this is dropped"]
pub struct WriteGuard<T> {
    /// `None` only while it is being dropped.
    value: Option<Rc<T>>,
    home: Home<T>,
    /// Given back after the value.
    _permit: Permit,
}

impl<T> WriteGuard<T> {
    fn new(permit: Permit, home: &Home<T>) -> WriteGuard<T> {
        WriteGuard {
            value: home.take(),
            home: Rc::clone(home),
            _permit: permit,
        }
    }
}

const THERE: &str = "who has all permits has the value, alone";

impl<T> Deref for WriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(THERE)
    }
}

impl<T> DerefMut for WriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().and_then(Rc::get_mut).expect(THERE)
    }
}

impl<T> Drop for WriteGuard<T> {
    fn drop(&mut self) {
        self.home.replace(self.value.take());
    }
}

impl<T: fmt::Debug> fmt::Debug for WriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
