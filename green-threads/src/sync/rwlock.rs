//! A read-write lock: many readers or one writer.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use crate::hub;
use crate::wait_queue::{Wait, WaitQueue};

/// A read-write lock: many readers or one writer use its value at a time, even if they wait.
///
/// First come, first served: a writer that waits holds back later readers, so neither readers nor
/// writers starve. Like [`Mutex`](super::Mutex) it is never poisoned.
///
/// # Examples
///
/// ```
/// use green_threads::sync::RwLock;
///
/// let lock = RwLock::new(1);
/// let (a, b) = (lock.read(), lock.read());
/// assert!(lock.try_write().is_none());
/// drop((a, b));
/// *lock.write() += 1;
/// assert_eq!(*lock.read(), 2);
/// ```
pub struct RwLock<T> {
    gate: Gate,
    value: RefCell<T>,
}

/// The guard of a [`RwLock`] for reading.
#[must_use = "the lock is given up at once if this is not kept"]
pub struct RwLockReadGuard<'a, T> {
    // Before the pass, because fields are dropped in this order.
    value: Ref<'a, T>,
    _pass: Pass<'a>,
}

/// The guard of a [`RwLock`] for writing.
#[must_use = "the lock is given up at once if this is not kept"]
pub struct RwLockWriteGuard<'a, T> {
    value: RefMut<'a, T>,
    _pass: Pass<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Counts the green threads that hold the lock, and queues those that wait.
#[derive(Default)]
struct Gate {
    readers: Cell<usize>,
    writer: Cell<bool>,
    waiters: WaitQueue<Option<Access>>,
}

/// Dropping it releases the lock.
struct Pass<'a> {
    gate: &'a Gate,
    access: Access,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        match self.access {
            Access::Read => self.gate.readers.set(self.gate.readers.get() - 1),
            Access::Write => self.gate.writer.set(false),
        }
        self.gate.let_in();
    }
}

impl Gate {
    fn has_room(&self, access: Access) -> bool {
        !self.writer.get() && (access == Access::Read || self.readers.get() == 0)
    }

    fn count(&self, access: Access) {
        match access {
            Access::Read => self.readers.set(self.readers.get() + 1),
            Access::Write => self.writer.set(true),
        }
    }

    fn try_enter(&self, access: Access) -> Option<Pass<'_>> {
        let free = self.has_room(access) && !self.waiters.has_waiters();
        free.then(|| {
            self.count(access);
            Pass { gate: self, access }
        })
    }

    fn enter(&self, access: Access, deadline: Option<Instant>) -> Option<Pass<'_>> {
        /// If a waiter gives up, those behind it may have been held back by it alone.
        struct Behind<'a>(&'a Gate);
        impl Drop for Behind<'_> {
            fn drop(&mut self) {
                self.0.let_in();
            }
        }
        hub::with(|hub| hub.spend());
        if let Some(pass) = self.try_enter(access) {
            return Some(pass);
        }
        let behind = Behind(self);
        let wait = Wait::new("a read-write lock").until(deadline);
        let (_, still) = self.waiters.wait_with(Some(access), wait);
        // The green thread that was let in is counted already.
        (still == Some(None)).then(|| {
            std::mem::forget(behind);
            Pass { gate: self, access }
        })
    }

    /// Lets in as many waiters as possible, in the order in which they came.
    fn let_in(&self) {
        while let Some(Some(access)) = self.waiters.first()
            && self.has_room(access)
        {
            if !self.waiters.wake_one_with(|wish| *wish = None) {
                return;
            }
            self.count(access);
        }
    }
}

impl<T> RwLock<T> {
    /// A free lock.
    pub fn new(value: T) -> RwLock<T> {
        RwLock {
            gate: Gate::default(),
            value: RefCell::new(value),
        }
    }

    /// Waits until there is no writer, and no earlier waiter.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        match self.read_until(None) {
            Some(guard) => guard,
            None => unreachable!("it waited without a limit"),
        }
    }

    /// As [`read`](RwLock::read), with a time-out.
    pub fn read_timeout(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        self.read_until(Some(hub::after(timeout)))
    }

    /// Locks for reading, if that needs no waiting.
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        Some(self.reading(self.gate.try_enter(Access::Read)?))
    }

    fn read_until(&self, deadline: Option<Instant>) -> Option<RwLockReadGuard<'_, T>> {
        Some(self.reading(self.gate.enter(Access::Read, deadline)?))
    }

    fn reading<'a>(&'a self, pass: Pass<'a>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            value: self.value.borrow(),
            _pass: pass,
        }
    }

    /// Waits until there is no reader, no writer, and no earlier waiter.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        match self.write_until(None) {
            Some(guard) => guard,
            None => unreachable!("it waited without a limit"),
        }
    }

    /// As [`write`](RwLock::write), with a time-out.
    pub fn write_timeout(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_until(Some(hub::after(timeout)))
    }

    /// Locks for writing, if that needs no waiting.
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        Some(self.writing(self.gate.try_enter(Access::Write)?))
    }

    fn write_until(&self, deadline: Option<Instant>) -> Option<RwLockWriteGuard<'_, T>> {
        Some(self.writing(self.gate.enter(Access::Write, deadline)?))
    }

    fn writing<'a>(&'a self, pass: Pass<'a>) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard {
            value: self.value.borrow_mut(),
            _pass: pass,
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

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.try_borrow() {
            Ok(value) => f.debug_tuple("RwLock").field(&value).finish(),
            Err(_) => f.write_str("RwLock(<being written>)"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
