//! A semaphore.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::hub;
use crate::wait_queue::{Wait, WaitQueue};

/// A number of permits.
///
/// A permit that is given back goes straight to the first waiter, so nobody can take it in
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

/// A permit of a [`Semaphore`]; given back when it is dropped.
#[derive(Debug)]
#[must_use = "the permit is given back at once if it is not kept"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
}

impl SemaphorePermit<'_> {
    /// Keeps it forever: the semaphore has one less.
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
    /// With so many permits.
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

    /// Waits for a permit, at most so long.
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<SemaphorePermit<'_>> {
        let deadline = hub::after(timeout);
        self.acquire_until(Some(deadline))
            .then(|| SemaphorePermit { semaphore: self })
    }

    /// A permit, if that needs no waiting.
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

    /// Adds a permit, or gives back one that was forgotten.
    pub fn release(&self) {
        // Permits are only free while nobody waits.
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
