//! A semaphore.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::hub;
use crate::wait_queue::{Wait, WaitQueue};

/// A semaphore: at most `permits` green threads hold a permit at once.
///
/// A returned permit goes straight to the first waiter, so no other green thread can take it in
/// between.
///
/// # Examples
///
/// ```
/// use green_threads::sync::Semaphore;
///
/// let semaphore = Semaphore::new(1);
/// let permit = semaphore.acquire();
/// assert!(semaphore.try_acquire().is_none());
/// drop(permit);
/// assert!(semaphore.try_acquire().is_some());
/// ```
pub struct Semaphore {
    permits: Cell<usize>,
    waiters: WaitQueue,
    what: &'static str,
}

/// A permit of a [`Semaphore`]. Dropping it returns the permit.
#[derive(Debug)]
#[must_use = "the permit is given back at once if it is not kept"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
}

impl SemaphorePermit<'_> {
    /// Does not return it: the semaphore has one permit less for ever.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.release();
    }
}

impl Semaphore {
    /// A semaphore with this many permits.
    pub fn new(permits: usize) -> Semaphore {
        Self::named(permits, "a permit")
    }

    pub(crate) fn named(permits: usize, what: &'static str) -> Semaphore {
        Semaphore {
            permits: Cell::new(permits),
            waiters: WaitQueue::default(),
            what,
        }
    }

    /// Waits for a permit.
    pub fn acquire(&self) -> SemaphorePermit<'_> {
        self.acquire_until(None);
        SemaphorePermit { semaphore: self }
    }

    /// Waits for a permit, with a time-out.
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<SemaphorePermit<'_>> {
        let deadline = hub::after(timeout);
        self.acquire_until(Some(deadline))
            .then(|| SemaphorePermit { semaphore: self })
    }

    /// Takes a permit, if that needs no waiting.
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        let permits = self.permits.get().checked_sub(1)?;
        self.permits.set(permits);
        Some(SemaphorePermit { semaphore: self })
    }

    pub(crate) fn acquire_until(&self, deadline: Option<Instant>) -> bool {
        hub::with(|hub| hub.spend());
        if let Some(permit) = self.try_acquire() {
            permit.forget();
            return true;
        }
        self.waiters.wait(Wait::new(self.what).until(deadline))
    }

    /// Adds a permit. It also returns one that was forgotten.
    pub fn release(&self) {
        // There are free permits only while there is no waiter.
        if !self.waiters.wake_one() {
            self.permits.set(self.permits.get() + 1);
        }
    }

    /// How many permits are free.
    pub fn available(&self) -> usize {
        self.permits.get()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available", &self.available())
            .finish()
    }
}
