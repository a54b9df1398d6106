//! The locks and atomics of this crate: those of std, or of loom while a model is checked.
//!
//! `Arc` is always that of std: loom's can't hold a trait object, and no model depends on a
//! reference count.

#[cfg(not(loom))]
mod imp {
    pub(crate) use std::sync::atomic;
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
}

#[cfg(loom)]
mod imp {
    pub(crate) use loom::sync::atomic;
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
}

pub(crate) use imp::*;

use std::sync::PoisonError;
#[cfg(not(loom))]
use std::time::Duration;
use std::time::Instant;

/// Locks a mutex, and ignores poisoning.
///
/// No user code runs under any lock of this crate, so a panic can't leave data half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification until `deadline`, or forever without one; `None` when it has passed.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> Option<MutexGuard<'a, T>> {
    let Some(deadline) = deadline else {
        return Some(wait(condvar, guard));
    };
    let left = deadline.checked_duration_since(Instant::now())?;
    let (guard, _) = condvar
        .wait_timeout(guard, left)
        .unwrap_or_else(PoisonError::into_inner);
    Some(guard)
}

/// How long to spin before sleeping. An idle CPU sleeps too, and takes tens of microseconds to wake
/// up in a virtual machine.
#[cfg(not(loom))]
const SPIN: Duration = Duration::from_micros(50);

/// How long to spin before yielding the CPU between two checks, which costs a system call each. A
/// value that another CPU is about to write arrives within a few microseconds.
#[cfg(not(loom))]
const QUICK: Duration = Duration::from_micros(4);

/// The number of pauses between two quick checks: they leave the cache line to the writing thread.
#[cfg(not(loom))]
const PAUSES: u32 = 4;

/// The number of waits that sleep without a yield, after a yield that took longer than [`SPIN`]. Other
/// programs need the CPU then: on a busy machine a yield takes milliseconds, and a sleep tens of
/// microseconds.
#[cfg(not(loom))]
const SLEEPS: u32 = 256;

/// Spins for a short time until `ready` returns true. That is cheaper than the sleep and wake-up
/// that it may save. It yields the CPU to other threads meanwhile.
#[cfg(not(loom))]
pub(crate) fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    static SPINNER: Spinner = Spinner::new();
    if ready() {
        return true;
    }
    let start = Instant::now();
    SPINNER.until(ready, || start.elapsed(), std::thread::yield_now)
}

/// Spins, and remembers for all waits of this process whether the machine is busy.
#[cfg(not(loom))]
struct Spinner {
    /// The number of next waits that sleep without a yield.
    sleeps: atomic::AtomicU32,
}

#[cfg(not(loom))]
impl Spinner {
    const fn new() -> Self {
        Self {
            sleeps: atomic::AtomicU32::new(0),
        }
    }

    fn until(
        &self,
        mut ready: impl FnMut() -> bool,
        clock: impl Fn() -> Duration,
        yield_now: impl Fn(),
    ) -> bool {
        use atomic::Ordering::Relaxed;

        let mut elapsed = clock();
        while elapsed <= SPIN {
            if elapsed <= QUICK {
                for _ in 0..PAUSES {
                    std::hint::spin_loop();
                }
                elapsed = clock();
            } else {
                // If two threads count at the same time, one more wait sleeps.
                let sleeps = self.sleeps.load(Relaxed);
                if sleeps > 0 {
                    self.sleeps.store(sleeps - 1, Relaxed);
                    return false;
                }
                yield_now();
                let before = elapsed;
                elapsed = clock();
                if elapsed - before > SPIN {
                    self.sleeps.store(SLEEPS, Relaxed);
                }
            }
            if ready() {
                return true;
            }
        }
        false
    }
}

/// loom tries every schedule anyway, so one check is enough.
#[cfg(loom)]
pub(crate) fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    ready()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// How many yields `waits` waits make, if nothing is ever ready and each yield takes `yield_takes`.
    fn yields(spinner: &Spinner, yield_takes: Duration, waits: u32) -> u32 {
        let yields = Cell::new(0);
        for _ in 0..waits {
            let now = Cell::new(Duration::ZERO);
            let clock = || {
                now.set(now.get() + Duration::from_micros(1));
                now.get()
            };
            let yield_now = || {
                yields.set(yields.get() + 1);
                now.set(now.get() + yield_takes);
            };
            assert!(!spinner.until(|| false, clock, yield_now));
        }
        yields.get()
    }

    #[test]
    fn after_a_yield_that_took_long_waits_sleep_for_a_while() {
        let spinner = Spinner::new();
        for _ in 0..3 {
            assert_eq!(yields(&spinner, Duration::from_millis(3), 1), 1);
            assert_eq!(yields(&spinner, Duration::from_millis(3), SLEEPS), 0);
        }
    }

    #[test]
    fn short_yields_go_on() {
        assert!(yields(&Spinner::new(), Duration::from_micros(1), 1000) > 10_000);
    }
}
