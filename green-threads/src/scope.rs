//! Green threads that may borrow.
//!
//! Only here may a green thread borrow from another's stack. The scope does not end before all of
//! its green threads have ended, however it ends: also when its owner panics, is killed or times
//! out. The wait at the end does not unwind. It is told of the reason, kills the green threads of
//! the scope, waits for them, and unwinds then. Without that, borrowing over a switch would be
//! unsafe: the owner's frame could be gone while the borrower still runs.

#![allow(
    unsafe_code,
    reason = "the scope waits for the green threads that borrow"
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

/// Spawns green threads that borrow; see [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    running: RefCell<Vec<Handle>>,
    /// All of its green threads were killed. One that is spawned now is killed too.
    killed: Cell<bool>,
    panicked: Rc<Cell<bool>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// A green thread of a [`Scope`], with its return type.
pub struct ScopedGreenThread<'scope, T> {
    inner: GreenThread<T>,
    scope: PhantomData<&'scope ()>,
}

/// Calls `f` with a scope whose green threads may borrow from here. Waits until all of them have
/// ended, as [`std::thread::scope`] does.
///
/// If the calling green thread is killed or times out, the green threads of the scope are killed.
/// When they have ended, the caller unwinds. The same happens when `f` panics.
///
/// # Panics
///
/// When `f` panics, or a green thread of the scope that was not joined.
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
            // Not `eprintln!`, which panics if standard error is closed: the next line must run.
            let _ =
                io::stderr().write_all(b"green threads that borrow cannot be ended: aborting\n");
            std::process::abort();
        }
        result = result.and(Err(panic));
    }
    if result.is_ok() {
        // Handles the reason that the wait was told.
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
        // SAFETY: what is borrowed outlives 'scope. `scope` does not return or unwind before all in
        // `running` have ended, and nothing else removes them from there.
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

    /// Waits until none is left. They may spawn more in the meantime.
    fn wait(&self) {
        loop {
            let Some(last) = self.running.borrow().last().cloned() else {
                return;
            };
            if !self.killed.get() && hub::current().has_raise() {
                self.kill();
            }
            last.wait_as(Wait::new("the green threads of a scope").told());
            // Only those that have ended are removed. If the wait ended for another reason, it is
            // repeated.
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
