//! The hub of this thread: it is made at its first use, and ends with the thread.

#![allow(unsafe_code, reason = "a thread holds a raw pointer to its hub")]

use std::cell::Cell;
use std::io;
use std::ptr;

use event_loop::{Clock, SystemClock};

use super::Hub;

thread_local! {
    static HUB: Cell<*const Hub> = const { Cell::new(ptr::null()) };
    static OWNER: Owner = const { Owner };
}

/// Ends the hub together with its thread.
struct Owner;

impl Drop for Owner {
    fn drop(&mut self) {
        let hub = HUB.replace(ptr::null());
        if hub.is_null() {
            return;
        }
        // SAFETY: the pointer came from `Box::into_raw`, and only this takes it.
        let hub = unsafe { Box::from_raw(hub.cast_mut()) };
        hub.remotes.close();
        if hub.living.count() > 0 {
            // Green threads that are left are never resumed: the thread locals that their stacks
            // may borrow from are dropped already. So nothing that they can reach may be dropped.
            std::mem::forget(hub);
        }
    }
}

/// Calls `f` with this thread's hub. Makes the hub if there is none.
///
/// # Panics
///
/// When it cannot be made.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Hub) -> R) -> R {
    match made() {
        Ok(hub) => f(hub),
        Err(error) => panic!("{error}"),
    }
}

/// As [`with`], for calls that may fail anyway.
///
/// # Errors
///
/// When the hub cannot be made.
pub(crate) fn fallible<R>(f: impl FnOnce(&Hub) -> io::Result<R>) -> io::Result<R> {
    f(made()?)
}

/// As [`with`], if there is a hub.
pub(crate) fn try_with<R>(f: impl FnOnce(&Hub) -> R) -> Option<R> {
    let hub = HUB.get();
    // SAFETY: as in `made`.
    (!hub.is_null()).then(|| f(unsafe { &*hub }))
}

#[inline]
fn made<'a>() -> io::Result<&'a Hub> {
    let mut hub = HUB.get();
    if hub.is_null() {
        hub = make(SystemClock)?;
    }
    // SAFETY: it lives until the thread's locals are dropped. After that nothing of this crate runs
    // on the thread, and the pointer is null.
    Ok(unsafe { &*hub })
}

#[cold]
fn make(clock: impl Clock + 'static) -> io::Result<*const Hub> {
    let failed = |error: io::Error| {
        let text = format!("this thread cannot have a hub for green threads: {error}");
        io::Error::new(error.kind(), text)
    };
    // This also makes sure that it is dropped with the thread.
    if OWNER.try_with(|_| ()).is_err() {
        return Err(failed(io::Error::other("the thread is ending")));
    }
    let hub: *const Hub = Box::into_raw(Box::new(Hub::new(clock).map_err(failed)?));
    HUB.set(hub);
    Ok(hub)
}

/// Gives this thread's hub another clock than the system's. With a
/// [`FakeClock`](event_loop::FakeClock), tests of time are exact and take no time.
///
/// # Errors
///
/// When this thread has a hub already, or the system has no descriptors left. A hub takes two.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use green_threads::{set_clock, sleep, spawn};
/// use event_loop::FakeClock;
///
/// # fn main() -> std::io::Result<()> {
/// let clock = FakeClock::new();
/// set_clock(clock.clone())?;
/// let sleeper = spawn(|| sleep(Duration::from_secs(3600)));
/// green_threads::yield_now();
/// assert!(!sleeper.ready());
/// clock.advance(Duration::from_secs(3600));
/// sleeper.join().unwrap();
/// # Ok(()) }
/// ```
pub fn set_clock(clock: impl Clock + 'static) -> io::Result<()> {
    if !HUB.get().is_null() {
        return Err(io::Error::other("this thread has a hub already"));
    }
    make(clock).map(drop)
}
