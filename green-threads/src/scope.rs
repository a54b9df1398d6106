//! Green threads that may borrow.
//!
//! A green thread borrows from another's stack only here, and the scope does not end, however it
//! ends, before all of them have: not when its owner panics, and not when it is killed or its time
//! is up. The wait at the end does not unwind: it is told, kills the green threads of the scope,
//! waits for them, and unwinds then. That is what would be unsafe about borrowing over a switch: the
//! owner's frame could go while the borrower still runs.

#![allow(
    unsafe_code,
    reason = "green threads that borrow are spawned where their end is waited for"
)]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use crate::hub;
use crate::wait_queue::Wait;
use crate::{Builder, GreenThread, Handle, JoinError};

/// Where green threads that borrow are spawned; see [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    running: RefCell<Vec<Handle>>,
    /// All of them have been killed; what is spawned now is, too.
    killed: Cell<bool>,
    panicked: Rc<Cell<bool>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// A green thread of a [`Scope`], and what it will return.
pub struct ScopedGreenThread<'scope, T> {
    inner: GreenThread<T>,
    scope: PhantomData<&'scope ()>,
}

/// Calls `f` with a scope whose green threads may borrow from here, and waits until all of them
/// have ended; the same as [`std::thread::scope`].
///
/// A kill or a time-out of the green thread that calls this reaches those of the scope: they are
/// killed, and when they have ended it unwinds. So is it when `f` panics.
///
/// # Panics
///
/// When `f` does, or one of the green threads that nobody joined.
///
/// # Examples
///
/// ```
/// let words = ["many", "hands"];
/// let mut total = 0;
/// green_threads::scope(|scope| {
///     let lengths = words.map(|word| scope.spawn(|| word.len()));
///     total = lengths.into_iter().map(|length| length.join().unwrap()).sum();
/// });
/// assert_eq!(total, 9);
/// ```
///
/// Only a scope's green threads may borrow:
///
/// ```compile_fail
/// let word = String::from("gone");
/// green_threads::spawn(|| word.len());
/// ```
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        running: RefCell::default(),
        killed: Cell::new(false),
        panicked: Rc::default(),
        scope: PhantomData,
        env: PhantomData,
    };
    let mut result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    if result.is_err() {
        scope.kill();
    }
    // A deadlock among the green threads is a panic in this wait.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| scope.wait())) {
        scope.kill();
        if catch_unwind(AssertUnwindSafe(|| scope.wait())).is_err() {
            // Not `eprintln!`, which panics where nobody reads: nothing may get past the next line.
            let _ =
                io::stderr().write_all(b"green threads that borrow cannot be ended: aborting\n");
            std::process::abort();
        }
        result = result.and(Err(panic));
    }
    if result.is_ok() {
        // What the wait was told of.
        hub::with(|hub| {
            if hub.current().has_raise() {
                hub.unwind_if_raised();
            }
        });
    }
    match result {
        Err(panic) => resume_unwind(panic),
        Ok(_) if scope.panicked.get() => panic!("a green thread of a scope panicked"),
        Ok(value) => value,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a green thread that may borrow.
    ///
    /// # Panics
    ///
    /// As [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<T: 'scope>(
        &'scope self,
        f: impl FnOnce() -> T + 'scope,
    ) -> ScopedGreenThread<'scope, T> {
        let panicked = Some(Rc::clone(&self.panicked));
        // SAFETY: what is borrowed outlives 'scope, and `scope` does not return, nor unwind, before
        // all in `running` have ended; nothing else takes them out.
        let spawned = unsafe { Builder::new().spawn_unchecked(f, panicked) };
        let inner = match spawned {
            Ok(green_thread) => green_thread,
            Err(error) => panic!("{error}"),
        };
        let mut running = self.running.borrow_mut();
        if running.len() == running.capacity() {
            running.retain(|handle| !handle.ready());
        }
        running.push(inner.handle());
        drop(running);
        if self.killed.get() {
            inner.kill_soon();
        }
        ScopedGreenThread {
            inner,
            scope: PhantomData,
        }
    }

    fn kill(&self) {
        self.killed.set(true);
        for handle in self.running.borrow().iter() {
            handle.kill_soon();
        }
    }

    /// Waits until none is left; they may spawn more in the meantime.
    fn wait(&self) {
        loop {
            let Some(last) = self.running.borrow().last().cloned() else {
                return;
            };
            if !self.killed.get() && hub::current().has_raise() {
                self.kill();
            }
            last.wait_as(Wait::new("the green threads of a scope").told());
            // Only those that have ended go: a wait that ended otherwise is waited again.
            self.running.borrow_mut().retain(|handle| !handle.ready());
        }
    }
}

impl<T> ScopedGreenThread<'_, T> {
    /// Waits for its end, and returns its value.
    ///
    /// # Errors
    ///
    /// As [`GreenThread::join`].
    pub fn join(self) -> Result<T, JoinError> {
        self.inner.join()
    }
}

impl<T> Deref for ScopedGreenThread<'_, T> {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.inner
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedGreenThread<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
