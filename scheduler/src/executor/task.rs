//! A task: one allocation that holds a future and everything the executor knows about it.
//!
//! # Reference counting, and why it is sound
//!
//! References keep a task's memory alive: one of the executor until the future is dropped, one of
//! the ready queue while the task is in it or runs, one of each [`JoinHandle`](super::JoinHandle)
//! and [`AbortHandle`](super::AbortHandle), and one of each [`Waker`]. All except the wakers stay
//! on the thread where the task was spawned, its *home*. Wakers may go to any thread: they are
//! `Send` and `Sync`, whatever the future is.
//!
//! So there are two counts. `references` is a plain cell that only home uses: it counts the
//! references that are made or dropped at home, without atomics. `away` is atomic: it counts those
//! that are made or dropped on other threads. A waker that is cloned at home and dropped away makes
//! `away` negative. One that is cloned away and dropped at home makes `references` too low. Only
//! the sum is meaningful.
//!
//! **Only home frees** (as long as the executor lives), and only when the sum is zero and the task
//! is not posted. Consider any moment in the order of changes of `away`, and a reference that is
//! alive. Either its making was counted before that moment, or it was cloned from another reference
//! that was alive then, and so on, back to one whose making was counted. None of these can have
//! been counted as dropped, because dropping comes after cloning. And no drop is ever counted
//! without its making: making happens before dropping, and home looks at both. So the sum is at
//! least one while any reference lives. Home may read `away` with a plain load, even an old value.
//! A drop away that makes the sum zero cannot free; it must tell home. In the same atomic step it
//! marks the task *posted*, puts it into the executor's inbox, and does not touch it any more. A
//! posted task is not freed before home has taken it out of the inbox.
//!
//! **The counts are bounded by the number of live references.** When `references` would fall to
//! zero, or rise over [`MOST`](counts::MOST), home moves the count of `away` into `references`: it
//! adds here what it subtracts there, so the sum stays the same. So after each release at home
//! `references` is at least zero, and `away` is at most the number of live references. Neither
//! drifts, however often wakers are cloned on one side and dropped on the other. More than `MOST`
//! live references were leaked on purpose: the process aborts, as `Arc` does.
//!
//! # The executor's own lifetime
//!
//! User code may drop the executor: the destructor of a future, of a result, of a panic's payload,
//! of a task local, and every function of a foreign waker. So nothing here borrows from the
//! executor while such code runs. What a task needs of the executor is in [`Shared`], behind an
//! `Arc`. While a task lives, this `Arc` is kept alive by the executor, and later (see below) by
//! the task. A function here that runs user code holds a reference of its task meanwhile.
//!
//! **When the executor is dropped**, the inbox is not read any more. Home takes the inbox's lock,
//! which every drop away also takes. For each task that is still referenced it adds `references` to
//! `away`, marks the task *merged*, and gives it a count of the `Arc`. From then on all threads,
//! home too, count in `away`, and the last drop frees the memory. That may happen on any thread. It
//! frees memory only: the future, its output and the joiner's waker were dropped at home.
//!
//! If a task's own destructor drops the executor while the task is being cancelled, the executor
//! only marks the task. The cancelling goes on when the destructor has returned. A task that is
//! being polled or dropped is never polled again meanwhile: see [`TaskRef::run`].
//!
//! **Wake-ups** at home append to the ready queue, a list that is linked through the tasks
//! themselves. Wake-ups away post to the inbox. Only home touches the future, its output and the
//! cells.
//!
//! The idea of the two counts comes from J. Choi, T. Shull and J. Torrellas, *Biased Reference
//! Counting*, 2018. The models in `executor/loom.rs` check these claims.

#![allow(
    unsafe_code,
    reason = "a task erases and pins its future, and counts its references by hand"
)]

mod counts;
mod future;
mod life;
mod nested;
mod state;
mod waker;

use std::cell::Cell as PlainCell;
use std::ptr;

use super::TaskId;
use super::core::{Local, Shared};
use super::loom_or_std::{AtomicIsize, Cell};
use super::waits::Held;
use future::Vtable;

#[cfg(all(test, loom))]
pub(super) use future::live;

/// The first part of every task.
pub(super) struct Header {
    vtable: &'static Vtable,
    shared: *const Shared,
    number: u64,
    state: Cell<u8>,
    references: Cell<i32>,
    /// How many of its wakers may be called at any time; see [`super::waits`].
    loose: Cell<i32>,
    away: AtomicIsize,
    /// The next in the ready queue.
    next: Cell<*const Header>,
    /// All tasks whose memory is not freed are in this list.
    older: Cell<*const Header>,
    newer: Cell<*const Header>,
    /// The waker of the task that waits for its end.
    joiner: PlainCell<Option<Held>>,
}

/// A pointer to a task that lives. The code that has one holds a reference, or is called by code
/// that does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TaskRef(*const Header);

impl TaskRef {
    pub(super) const NULL: TaskRef = TaskRef(ptr::null());

    pub(super) fn is_null(self) -> bool {
        self.0.is_null()
    }

    #[inline]
    fn header<'a>(self) -> &'a Header {
        // SAFETY: it lives, as for every `TaskRef`, and there is no mutable reference to a header.
        unsafe { &*self.0 }
    }

    #[inline]
    fn shared<'a>(self) -> &'a Shared {
        // SAFETY: it lives as long as the task; see the module.
        unsafe { &*self.header().shared }
    }

    /// The home part of the executor. Only home may call this.
    #[inline]
    fn local<'a>(self) -> &'a Local {
        self.shared().local()
    }

    /// Its number in its executor.
    pub(super) fn number(self) -> u64 {
        self.header().number
    }

    pub(super) fn id(self) -> TaskId {
        TaskId {
            executor: self.shared().id(),
            number: self.number(),
        }
    }

    // The lists: the ready queue, and all tasks. Only home uses them.

    pub(super) fn next(self) -> TaskRef {
        TaskRef(self.header().next.get())
    }

    pub(super) fn set_next(self, next: TaskRef) {
        self.header().next.set(next.0);
    }

    pub(super) fn older(self) -> TaskRef {
        TaskRef(self.header().older.get())
    }

    /// Makes it the newest in the list of all tasks.
    pub(super) fn link(self, newest: TaskRef) {
        self.header().older.set(newest.0);
        if !newest.is_null() {
            newest.header().newer.set(self.0);
        }
    }

    fn unlink(self) {
        let (older, newer) = (self.older(), TaskRef(self.header().newer.get()));
        if !older.is_null() {
            older.header().newer.set(newer.0);
        }
        match newer.is_null() {
            true => self.local().set_newest(older),
            false => newer.header().older.set(older.0),
        }
    }
}
