//! A read-write lock: many readers or one writer.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::semaphore::{Acquire, Permit, Semaphore};
use super::waiters::Name;

/// A read-write lock: many tasks may read its value at a time, or one may change it, also over
/// awaits.
///
/// It is fair: a reader that comes after a waiting writer waits too, so readers do not starve
/// writers. A task that reads, and reads again while a writer waits, waits for itself.
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

/// The place of the value while there is no writer. Readers share it, and a writer takes it away.
type Home<T> = Rc<RefCell<Option<Rc<T>>>>;

/// The number of permits. A writer takes them all.
const PERMITS: usize = usize::MAX >> 1;

impl<T> RwLock<T> {
    /// A lock around a value.
    #[track_caller]
    pub fn new(value: T) -> RwLock<T> {
        RwLock::make(Name::Place(Location::caller()), value)
    }

    /// A lock with a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>, value: T) -> RwLock<T> {
        RwLock::make(Name::Given(name.into()), value)
    }

    fn make(name: Name, value: T) -> RwLock<T> {
        RwLock {
            semaphore: Semaphore::called("read-write lock", name, PERMITS),
            value: Rc::new(RefCell::new(Some(Rc::new(value)))),
        }
    }

    /// Waits until there is no writer.
    pub fn read(&self) -> Reading<T> {
        Reading {
            acquire: self.semaphore.acquire(1),
            value: Rc::clone(&self.value),
        }
    }

    /// Waits until there is no reader and no writer.
    pub fn write(&self) -> Writing<T> {
        Writing {
            acquire: self.semaphore.acquire(PERMITS),
            value: Rc::clone(&self.value),
        }
    }

    /// Takes it for reading, if there is no writer and no waiting task.
    pub fn try_read(&self) -> Option<ReadGuard<T>> {
        let permit = self.semaphore.try_acquire(1)?;
        Some(ReadGuard::new(permit, &self.value))
    }

    /// Takes it for writing, if there is no reader, no writer and no waiting task.
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

const AT_HOME: &str = "the value is in its place while no task has all permits";

/// The guard of a [`RwLock`] for reading, with its value.
#[must_use = "the lock is given back when this is dropped"]
pub struct ReadGuard<T> {
    // Dropped before the permit, because a writer needs the only reference.
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

/// The guard of a [`RwLock`] for writing, with its value.
#[must_use = "the lock is given back when this is dropped"]
pub struct WriteGuard<T> {
    /// `None` only while it is being dropped.
    value: Option<Rc<T>>,
    home: Home<T>,
    /// Released after the value.
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

const THERE: &str = "the holder of all permits has the only reference";

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
