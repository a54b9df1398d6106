//! The locks and atomics of this crate: std's, or loom's when a model is being checked.
//!
//! `Arc` is always std's: loom's cannot hold a trait object, and no model turns on a reference
//! count.

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
use std::time::Instant;

/// Locks; a poisoned lock is taken as it is.
///
/// No user code runs under any lock of this crate, so a panic can leave nothing half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits to be notified.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Waits to be notified until `deadline`, or for ever without one; `None` when it has passed.
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

/// How long to look again and again before sleeping. A CPU that has nothing to do falls asleep
/// too, and takes tens of microseconds to wake up in a virtual machine.
#[cfg(not(loom))]
const SPIN: std::time::Duration = std::time::Duration::from_micros(50);

/// How long to look before others are let have the CPU, which costs a system call a look: what another
/// CPU is about to write is there within a few microseconds.
#[cfg(not(loom))]
const QUICK: std::time::Duration = std::time::Duration::from_micros(4);

/// Pauses between two quick looks: they leave the cache line to the thread that is to write it.
#[cfg(not(loom))]
const PAUSES: u32 = 4;

/// Looks again and again for a short while until `ready`: cheaper than the sleep and wake-up that
/// it may save. Lets other threads have the CPU meanwhile.
#[cfg(not(loom))]
pub(crate) fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    if ready() {
        return true;
    }
    let start = Instant::now();
    loop {
        let elapsed = start.elapsed();
        if elapsed > SPIN {
            return false;
        }
        if elapsed > QUICK {
            std::thread::yield_now();
        } else {
            for _ in 0..PAUSES {
                std::hint::spin_loop();
            }
        }
        if ready() {
            return true;
        }
    }
}

/// Under loom every schedule is tried anyway: one look is enough.
#[cfg(loom)]
pub(crate) fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    ready()
}
