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
const SPIN: std::time::Duration = std::time::Duration::from_micros(50);

/// How long to spin before yielding the CPU between two checks, which costs a system call each. A
/// value that another CPU is about to write arrives within a few microseconds.
#[cfg(not(loom))]
const QUICK: std::time::Duration = std::time::Duration::from_micros(4);

/// The number of pauses between two quick checks: they leave the cache line to the writing thread.
#[cfg(not(loom))]
const PAUSES: u32 = 4;

/// Spins for a short time until `ready` returns true. That is cheaper than the sleep and wake-up
/// that it may save. It yields the CPU to other threads meanwhile.
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

/// loom tries every schedule anyway, so one check is enough.
#[cfg(loom)]
pub(crate) fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    ready()
}
