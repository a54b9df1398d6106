//! A task: one allocation that holds a future and all that the executor knows of it.
//!
//! # Who counts what, and why that is sound
//!
//! A task's memory is held by references: one of the executor until the future is gone, one of the
//! ready queue while the task is in it or runs, one of each [`JoinHandle`](super::JoinHandle) and
//! [`AbortHandle`](super::AbortHandle), and one of each [`Waker`]. All but the wakers stay on the
//! thread where the task was spawned, its *home*. Wakers may go anywhere: they are `Send` and
//! `Sync`, whatever the future is.
//!
//! So there are two counts. `references` is a plain cell and belongs to home: every reference that
//! is made or dropped at home is counted in it, without atomics. `away` is atomic, and counts what
//! is made and dropped on other threads. A waker that was cloned at home and dropped away makes
//! `away` negative; one that was cloned away and dropped at home makes `references` fall too far.
//! What holds is the sum.
//!
//! **Only home frees** (as long as the executor lives), and only when the sum is zero and the task
//! is not posted. Consider any moment in the order of changes of `away`. A reference that is alive
//! somewhere was made, and its making was counted before that moment, or it was cloned off another
//! one that was alive then, and so on until one whose making was counted; and none of these can
//! have been counted as dropped, for dropping comes after cloning. Nor is a drop ever counted
//! whose making was not: making happens before dropping, and home looks after both. So the sum is
//! at least one while any reference lives: home may look with a plain load, even at an old value.
//! A drop away that makes the sum zero cannot free, and has to tell home: in the same atomic step
//! it marks the task *posted*, puts it in the executor's inbox, and touches it no more. A task
//! that is posted is not freed before home has taken it out of the inbox.
//!
//! **The counts are bounded by the references that live.** Whenever `references` would fall to
//! zero, or rise over [`MOST`](counts::MOST), home takes the count that is in `away` over into
//! `references` (it subtracts there what it adds here, so the sum stays). So after every release
//! at home `references` is at least zero, `away` is at most the number of references that live,
//! and neither drifts, however often wakers are cloned on one side and dropped on the other. More
//! than `MOST` references that live were leaked on purpose: the process is aborted, as `Arc` does.
//!
//! # The executor's own lifetime
//!
//! Any user code may drop the executor: the destructor of a future, of a result, of a panic's
//! payload, of a task local, and every function of a foreign waker. So nothing here borrows from
//! the executor over such code. What a task needs of it is in [`Shared`], behind an `Arc`. Two
//! things keep that alive while a task lives: the executor itself, and after it (see below) the
//! task. And a function here that runs user code holds a reference of its task over it.
//!
//! **When the executor is dropped** nobody will look into the inbox any more. Under the inbox's
//! lock, which every drop away holds, home adds `references` to `away` for each task that is still
//! referenced, marks it *merged*, and gives it a count of the `Arc`. From then on all, home too,
//! count in `away`, and who drops the last one frees. That may be any thread, and it frees memory
//! only: the future, its output and the joiner's waker were dropped at home.
//!
//! A task that is being cancelled when its executor goes (its own destructor drops it) is only
//! marked by that; the cancelling goes on when the destructor has returned. A task that is being
//! polled or dropped is never polled: see [`TaskRef::run`].
//!
//! **Wake-ups** at home append to the ready queue, a list through the tasks themselves. Away they
//! post. The future, its output and the cells are touched at home only.
//!
//! The idea of the two counts is that of J. Choi, T. Shull and J. Torrellas, *Biased Reference
//! Counting*, 2018. The models in `executor/loom.rs` check what is said here.

#![allow(
    unsafe_code,
    reason = "a task's future is erased, pinned in place, and referenced from several sides"
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

/// What every task begins with.
pub(super) struct Header {
    vtable: &'static Vtable,
    shared: *const Shared,
    number: u64,
    state: Cell<u8>,
    references: Cell<i32>,
    /// How many of its wakers may be used at any time; see [`super::waits`].
    loose: Cell<i32>,
    away: AtomicIsize,
    /// The next in the ready queue.
    next: Cell<*const Header>,
    /// All tasks whose memory is not freed are in a list.
    older: Cell<*const Header>,
    newer: Cell<*const Header>,
    /// The waker of the task that waits for its end.
    joiner: PlainCell<Option<Held>>,
}

/// A pointer to a task that is known to live: whoever has one holds a reference, or is called by
/// one who does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TaskRef(*const Header);

impl TaskRef {
    pub(super) const NULL: TaskRef = TaskRef(ptr::null());

    pub(super) fn is_null(self) -> bool {
        self.0.is_null()
    }

    #[inline]
    fn header<'a>(self) -> &'a Header {
        // SAFETY: it lives, by what a `TaskRef` is; nobody makes a mutable reference to a header.
        unsafe { &*self.0 }
    }

    #[inline]
    fn shared<'a>(self) -> &'a Shared {
        // SAFETY: it lives as long as the task; see the module.
        unsafe { &*self.header().shared }
    }

    /// The part of the executor that belongs to home. At home only.
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

    // The lists: the ready queue, and all tasks. At home only.

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
