//! A mutex that may be held over waits.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::semaphore::{Semaphore, SemaphorePermit};

/// A mutex: one green thread at a time uses its value, even if that one waits.
///
/// Without a wait you need no mutex: a `Cell` or `RefCell` is enough, because no other green thread
/// runs in between. A `std::sync::Mutex` held over a wait would block the thread, and with it the
/// green thread that should unlock it. This mutex is unlocked when its holder panics or is killed.
/// It is never poisoned.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// use green_threads::{spawn, sync::Mutex, yield_now};
///
/// let total = Rc::new(Mutex::new(0));
/// let adders: Vec<_> = (1..=10)
///     .map(|n| {
///         let total = Rc::clone(&total);
///         spawn(move || {
///             let mut total = total.lock();
///             let before = *total;
///             yield_now();
///             *total = before + n;
///         })
///     })
///     .collect();
/// green_threads::join_all(&adders, None);
/// assert_eq!(*total.lock(), 55);
/// ```
pub struct Mutex<T> {
    free: Semaphore,
    value: RefCell<T>,
}

/// The guard of a locked [`Mutex`]. Dropping it unlocks the mutex.
#[must_use = "the mutex is unlocked at once if this is not kept"]
pub struct MutexGuard<'a, T> {
    // Before the permit, because fields are dropped in this order.
    value: RefMut<'a, T>,
    _permit: SemaphorePermit<'a>,
    pub(super) mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub fn new(value: T) -> Mutex<T> {
        Mutex {
            free: Semaphore::named(1, "a mutex"),
            value: RefCell::new(value),
        }
    }

    /// Waits until it is unlocked, and locks it.
    ///
    /// A green thread that locks it twice waits for itself for ever.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.guard(self.free.acquire())
    }

    /// As [`lock`](Mutex::lock), with a time-out.
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        Some(self.guard(self.free.acquire_timeout(timeout)?))
    }

    /// Locks it, if it is unlocked.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        Some(self.guard(self.free.try_acquire()?))
    }

    fn guard<'a>(&'a self, permit: SemaphorePermit<'a>) -> MutexGuard<'a, T> {
        MutexGuard {
            value: self.value.borrow_mut(),
            _permit: permit,
            mutex: self,
        }
    }

    /// The value. `&mut self` shows that no other green thread uses it, so no lock is needed.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.try_borrow() {
            Ok(value) => f.debug_tuple("Mutex").field(&value).finish(),
            Err(_) => f.write_str("Mutex(<locked>)"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
