//! A result that is set once, possibly from another thread.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::hub;
use crate::remote::{Arrival, Ticket};
use crate::wait_queue::{Wait, WaitQueue};

/// The result will not come: its [`Setter`] was dropped without setting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setter was dropped without a value")]
pub struct Abandoned;

/// A result that is set once. Any number of green threads may wait for it. Clones are the same
/// result.
///
/// # Examples
///
/// ```
/// use green_threads::sync::AsyncResult;
///
/// let result = AsyncResult::new();
/// let setter = result.setter();
/// std::thread::spawn(move || setter.set("from another thread"));
/// assert_eq!(result.get(), Ok(&"from another thread"));
/// ```
pub struct AsyncResult<T> {
    inner: Rc<Inner<T>>,
}

struct Inner<T> {
    value: OnceCell<T>,
    /// How many setters exist; `None` if there never was one.
    setters: Cell<Option<usize>>,
    waiters: WaitQueue,
    /// The places where the existing setters will leave their values.
    slots: RefCell<Vec<Slot<T>>>,
}

type Slot<T> = Arc<Mutex<Parcel<T>>>;

/// The state between a setter and its result.
enum Parcel<T> {
    Awaited,
    Left(T),
    /// The result was dropped: the setter drops its value, on its own thread.
    Unwanted,
}

fn exchange<T>(slot: &Slot<T>, parcel: Parcel<T>) -> Parcel<T> {
    // No code panics while it holds this lock.
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *slot, parcel)
}

impl<T> Drop for Inner<T> {
    fn drop(&mut self) {
        // A value that was not taken yet is dropped here, because its destructor may wait, and the
        // hub must not wait.
        for slot in self.slots.take() {
            drop(exchange(&slot, Parcel::Unwanted));
        }
    }
}

impl<T> Inner<T> {
    fn is_abandoned(&self) -> bool {
        self.setters.get() == Some(0)
    }
}

impl<T> AsyncResult<T> {
    /// A result that is not set.
    pub fn new() -> AsyncResult<T> {
        AsyncResult {
            inner: Rc::new(Inner {
                value: OnceCell::new(),
                setters: Cell::new(None),
                waiters: WaitQueue::default(),
                slots: RefCell::default(),
            }),
        }
    }

    /// Sets it, and wakes all green threads that wait for it.
    ///
    /// # Errors
    ///
    /// The value, when it is set already.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.inner.value.set(value)?;
        self.inner.waiters.wake_all();
        Ok(())
    }

    /// Waits for the value.
    ///
    /// # Errors
    ///
    /// When it will not come, because the last [`Setter`] was dropped without setting it.
    pub fn get(&self) -> Result<&T, Abandoned> {
        self.wait(None);
        self.inner.value.get().ok_or(Abandoned)
    }

    /// Waits for the value, with a time-out; `None` after the time-out.
    ///
    /// # Errors
    ///
    /// As [`get`](AsyncResult::get).
    pub fn get_timeout(&self, timeout: Duration) -> Result<Option<&T>, Abandoned> {
        self.wait(Some(hub::after(timeout)));
        match self.inner.value.get() {
            None if self.inner.is_abandoned() => Err(Abandoned),
            value => Ok(value),
        }
    }

    /// The value, if it is set.
    pub fn try_get(&self) -> Option<&T> {
        self.inner.value.get()
    }

    fn wait(&self, deadline: Option<Instant>) {
        hub::with(|hub| hub.spend());
        if self.inner.value.get().is_none() && !self.inner.is_abandoned() {
            let wait = Wait::new("a result").until(deadline);
            self.inner.waiters.wait(wait);
        }
    }
}

impl<T: 'static> AsyncResult<T> {
    /// Takes the value, if it is set and there is no other clone.
    #[cfg(feature = "threads")]
    pub(crate) fn into_value(self) -> Option<T> {
        Rc::into_inner(self.inner)?.value.take()
    }
}

impl<T: Send + 'static> AsyncResult<T> {
    /// A setter for any thread.
    pub fn setter(&self) -> Setter<T> {
        let out = self.inner.setters.get().unwrap_or(0) + 1;
        self.inner.setters.set(Some(out));
        let slot = Arc::new(Mutex::new(Parcel::Awaited));
        self.inner.slots.borrow_mut().push(Arc::clone(&slot));
        let arrival = Rc::new(FromThread {
            inner: Rc::downgrade(&self.inner),
            slot: Arc::clone(&slot),
        });
        let ticket = hub::with(|hub| hub.remotes.ticket(arrival));
        Setter {
            slot,
            _ticket: ticket,
        }
    }
}

impl<T> Clone for AsyncResult<T> {
    fn clone(&self) -> Self {
        AsyncResult {
            inner: Rc::clone(&self.inner),
        }
    }
}

impl<T> Default for AsyncResult<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for AsyncResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncResult").field(&self.try_get()).finish()
    }
}

/// Sets an [`AsyncResult`], from any thread.
pub struct Setter<T> {
    slot: Slot<T>,
    // It comes back when the setter is dropped, which is after the slot was filled.
    _ticket: Ticket,
}

impl<T> Setter<T> {
    /// Sets the result. If the result is set or dropped already, this value is dropped.
    pub fn set(self, value: T) {
        if let Parcel::Unwanted = exchange(&self.slot, Parcel::Left(value)) {
            drop(exchange(&self.slot, Parcel::Unwanted));
        }
    }
}

impl<T> fmt::Debug for Setter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setter")
    }
}

/// The hub's side of a setter.
struct FromThread<T> {
    inner: Weak<Inner<T>>,
    slot: Slot<T>,
}

impl<T: 'static> Arrival for FromThread<T> {
    fn arrived(self: Rc<Self>) {
        let Some(inner) = self.inner.upgrade() else {
            return;
        };
        if inner.value.get().is_none() {
            if let Parcel::Left(value) = exchange(&self.slot, Parcel::Awaited) {
                let _ = inner.value.set(value);
            }
            let mut slots = inner.slots.borrow_mut();
            slots.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
        }
        let left = inner.setters.get().unwrap_or(1) - 1;
        inner.setters.set(Some(left));
        if inner.value.get().is_some() || left == 0 {
            inner.waiters.wake_all();
        }
    }
}
