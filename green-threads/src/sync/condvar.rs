//! A condition variable.

use std::fmt;
use std::time::{Duration, Instant};

use super::MutexGuard;
use crate::hub;
use crate::task::Cause;
use crate::wait_queue::{Wait, WaitQueue};

/// A condition variable for [`Mutex`](super::Mutex).
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// use green_threads::{spawn, sync::{Condvar, Mutex}};
///
/// let shared = Rc::new((Mutex::new(0), Condvar::new()));
/// let waiter = spawn({
///     let shared = Rc::clone(&shared);
///     move || *shared.1.wait_while(shared.0.lock(), |count| *count < 3)
/// });
/// for _ in 0..3 {
///     *shared.0.lock() += 1;
///     shared.1.notify_one();
///     green_threads::yield_now();
/// }
/// assert_eq!(waiter.join().unwrap(), 3);
/// ```
#[derive(Default)]
pub struct Condvar {
    waiters: WaitQueue,
}

impl Condvar {
    /// A condition variable without waiters.
    pub fn new() -> Condvar {
        Condvar::default()
    }

    /// Unlocks the mutex, waits for a notification, and locks it again. No other green thread runs
    /// between unlocking and waiting.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.wait_until(guard, None).0
    }

    /// As [`wait`](Condvar::wait), with a time-out. Returns whether it was notified. The mutex is
    /// locked again in any case.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        self.wait_until(guard, Some(hub::after(timeout)))
    }

    /// Waits while `condition` returns true.
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait(guard);
        }
        guard
    }

    fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> (MutexGuard<'a, T>, bool) {
        /// A green thread that is killed before it has the mutex again passes its notification on.
        struct PassOn<'a>(&'a Condvar);
        impl Drop for PassOn<'_> {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }
        let mutex = guard.mutex;
        // Unlocking wakes others, but they run only when this one waits.
        drop(guard);
        let wait = Wait::new("a condition").until(deadline);
        let notified = self.waiters.wait_with((), wait).0 != Cause::TimedOut;
        let pass_on = notified.then(|| PassOn(self));
        let guard = mutex.lock();
        std::mem::forget(pass_on);
        (guard, notified)
    }

    /// Wakes the first waiter.
    pub fn notify_one(&self) {
        self.waiters.wake_one();
    }

    /// Wakes all waiters.
    pub fn notify_all(&self) {
        self.waiters.wake_all();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condvar")
    }
}
