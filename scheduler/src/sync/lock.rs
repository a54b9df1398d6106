//! A lock around a value: one task holds it at a time.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::semaphore::{Acquire, Permit, Semaphore};
use super::waiters::Name;

/// A lock: one task at a time uses its value, and may hold it over awaits.
///
/// On one thread you need it only if something must not change *while others run*. Between two
/// awaits no other task runs anyway.
///
/// The guard contains the value itself, which is moved there and back: put a large value into a
/// box.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, gather, yield_now};
/// use scheduler::sync::Lock;
///
/// # fn main() -> std::io::Result<()> {
/// let count = Lock::new(0);
/// Executor::new()?.block_on(async {
///     gather((0..10).map(|_| {
///         let count = count.clone();
///         async move {
///             let mut count = count.lock().await;
///             let before = *count;
///             yield_now().await;
///             *count = before + 1;
///         }
///     }))
///     .await;
///     assert_eq!(*count.lock().await, 10);
/// });
/// # Ok(()) }
/// ```
pub struct Lock<T> {
    semaphore: Semaphore,
    value: Rc<Cell<Option<T>>>,
}

impl<T> Lock<T> {
    /// A lock around a value.
    #[track_caller]
    pub fn new(value: T) -> Lock<T> {
        Lock::make(Name::Place(Location::caller()), value)
    }

    /// A lock with a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>, value: T) -> Lock<T> {
        Lock::make(Name::Given(name.into()), value)
    }

    fn make(name: Name, value: T) -> Lock<T> {
        Lock {
            semaphore: Semaphore::called("lock", name, 1),
            value: Rc::new(Cell::new(Some(value))),
        }
    }

    /// Waits until the lock is free, and takes it.
    pub fn lock(&self) -> Acquiring<T> {
        Acquiring {
            acquire: self.semaphore.acquire(1),
            value: Rc::clone(&self.value),
        }
    }

    /// Takes the lock if it is free and no task waits for it.
    pub fn try_lock(&self) -> Option<LockGuard<T>> {
        let permit = self.semaphore.try_acquire(1)?;
        Some(LockGuard::new(permit, Rc::clone(&self.value)))
    }
}

impl<T> Clone for Lock<T> {
    fn clone(&self) -> Lock<T> {
        Lock {
            semaphore: self.semaphore.clone(),
            value: Rc::clone(&self.value),
        }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Lock({})",
            ["taken", "free"][self.semaphore.free().min(1)]
        )
    }
}

/// The future of [`Lock::lock`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Acquiring<T> {
    acquire: Acquire,
    value: Rc<Cell<Option<T>>>,
}

impl<T> Future for Acquiring<T> {
    type Output = LockGuard<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<LockGuard<T>> {
        let acquired = Pin::new(&mut self.acquire).poll(context);
        acquired.map(|permit| LockGuard::new(permit, Rc::clone(&self.value)))
    }
}

impl<T> fmt::Debug for Acquiring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acquiring")
    }
}

/// The guard of a locked [`Lock`], with its value.
#[must_use = "the lock is given back when this is dropped"]
pub struct LockGuard<T> {
    /// `None` only while it is being dropped.
    value: Option<T>,
    home: Rc<Cell<Option<T>>>,
    /// Released after the value.
    permit: Permit,
}

impl<T> LockGuard<T> {
    fn new(permit: Permit, home: Rc<Cell<Option<T>>>) -> LockGuard<T> {
        LockGuard {
            value: home.take(),
            home,
            permit,
        }
    }

    /// The lock of this guard.
    pub fn lock(&self) -> Lock<T> {
        Lock {
            semaphore: self.permit.semaphore(1),
            value: Rc::clone(&self.home),
        }
    }
}

const THERE: &str = "the holder of the only permit has the value";

impl<T> Deref for LockGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(THERE)
    }
}

impl<T> DerefMut for LockGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(THERE)
    }
}

impl<T> Drop for LockGuard<T> {
    fn drop(&mut self) {
        self.home.set(self.value.take());
    }
}

impl<T: fmt::Debug> fmt::Debug for LockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
