//! The functions of a task's waker: clone, wake and drop, on any thread.

use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::{Header, TaskRef};

static WAKER: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

impl TaskRef {
    /// Makes a waker that takes over a reference of the caller.
    pub(super) fn waker(self) -> Waker {
        // SAFETY: the functions of the table keep the contract, as the module above explains.
        unsafe { Waker::from_raw(RawWaker::new(self.0.cast(), &WAKER)) }
    }

    /// The task of a waker, if its home is this thread.
    pub(in super::super) fn of_waker(waker: &Waker) -> Option<TaskRef> {
        let task = TaskRef(waker.data().cast::<Header>());
        (ptr::eq(waker.vtable(), &WAKER) && task.shared().is_here()).then_some(task)
    }
}

unsafe fn clone(task: *const ()) -> RawWaker {
    let task = TaskRef(task.cast());
    match task.counts_at_home() {
        true => {
            task.hold();
            task.loosen(1);
        }
        false => task.hold_away(),
    }
    RawWaker::new(task.0.cast(), &WAKER)
}

unsafe fn wake(task: *const ()) {
    // SAFETY: the waker lives until its reference is dropped.
    unsafe {
        wake_by_ref(task);
        drop_waker(task);
    }
}

unsafe fn wake_by_ref(task: *const ()) {
    let task = TaskRef(task.cast());
    match task.shared().is_here() {
        true => task.schedule(),
        false => task.wake_away(),
    }
}

unsafe fn drop_waker(task: *const ()) {
    let task = TaskRef(task.cast());
    match task.counts_at_home() {
        true => {
            task.loosen(-1);
            task.release();
        }
        false => task.release_away(),
    }
}
