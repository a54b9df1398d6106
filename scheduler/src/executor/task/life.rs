//! The life of a task at home: it is scheduled, runs, ends or is cancelled, and is joined.
//!
//! After user code, nothing that was borrowed from the executor is used: see the [module
//! above](super). Foreign wakers are called last, because they may do anything, even panic.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::task::{Context, Waker};

use super::super::join_handle::JoinError;
use super::super::waits::Held;
use super::TaskRef;
use super::future::quietly;
use super::nested::bounded;
use super::state::{ABORTED, FINISHED, JOINED, RUNNING, SCHEDULED, TAKEN};

impl TaskRef {
    /// Appends it to the ready queue, unless it is in the queue or has ended.
    #[inline]
    pub(in super::super) fn schedule(self) {
        let header = self.header();
        let state = header.state.get();
        if state & (SCHEDULED | FINISHED) == 0 && self.local().push(self) {
            header.state.set(state | SCHEDULED);
            header.references.set(header.references.get() + 1);
        }
    }

    /// Runs a task that was taken out of the ready queue.
    ///
    /// It may be running already: [`abort`](TaskRef::abort) calls its future's destructor while the
    /// executor does not run, and that destructor may run the executor. Then it is not polled.
    #[inline]
    pub(in super::super) fn run(self) {
        let header = self.header();
        let state = header.state.get();
        if state & (FINISHED | RUNNING) != 0 {
            return self.unschedule();
        }
        header.state.set(state & !SCHEDULED | RUNNING);
        // Only the queue's reference is lent. A waker that is kept is a clone.
        let waker = ManuallyDrop::new(self.waker());
        let mut context = Context::from_waker(&waker);
        // SAFETY: it lives, and it does not run already.
        let finished = unsafe { (header.vtable.poll)(self.0, &mut context) };
        let state = header.state.get();
        if finished || state & ABORTED != 0 {
            return self.end(finished);
        }
        header.state.set(state & !RUNNING);
        self.release();
    }

    /// Ends it after its last poll, or cancels it. Releases the caller's reference.
    fn end(self, finished: bool) {
        let joiner = match finished {
            true => self.finish(),
            false => self.cancel(),
        };
        self.clear(RUNNING);
        self.release();
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }

    /// It was taken out of the ready queue, and must not run.
    pub(in super::super) fn unschedule(self) {
        self.clear(SCHEDULED);
        self.release();
    }

    /// Drops the future at once. If it is running, it is dropped when it is pending again. If
    /// destructors that are [nested](super::nested) too deep call this, it is dropped after they
    /// have returned.
    pub(in super::super) fn abort(self) {
        if self.is(RUNNING) {
            self.set(ABORTED);
        } else if !self.finished() {
            self.hold();
            bounded(self, |task| {
                task.abort_now();
                task.release();
            });
        }
    }

    /// As [`abort`](TaskRef::abort), at any depth: when this returns, the future is dropped, unless
    /// it is running.
    pub(in super::super) fn abort_now(self) {
        if self.is(RUNNING) {
            self.set(ABORTED);
        } else if !self.finished() {
            self.hold();
            self.set(RUNNING);
            self.end(false);
        }
    }

    /// While this runs, the task is marked as running, because the future's destructor may look.
    fn cancel(self) -> Option<Held> {
        // SAFETY: it lives, the future exists, and no other code uses it.
        unsafe { (self.header().vtable.cancel)(self.0) };
        self.finish()
    }

    /// The future is dropped. Returns the waker to call when everything else is done.
    fn finish(self) -> Option<Held> {
        self.forget_loose();
        self.set(FINISHED);
        self.local().finished();
        if !self.is(JOINED) {
            self.forget();
        }
        let joiner = self.header().joiner.take();
        // The executor's reference.
        self.release();
        joiner
    }

    /// When this returns, the future and its output are dropped, unless the future is running.
    pub(in super::super) fn end_now(self) {
        self.abort_now();
        if self.finished() {
            self.forget();
        }
    }

    /// Drops the output. It is not needed any more, so a panic of its destructor is ignored.
    fn forget(self) {
        self.set(TAKEN);
        // SAFETY: it lives, it has ended, and no other code takes the output.
        quietly(|| unsafe { (self.header().vtable.forget)(self.0) });
    }

    /// Takes the output. Only the join handle does that.
    ///
    /// # Safety
    ///
    /// `T` must be the type of the future's output.
    pub(in super::super) unsafe fn take<T>(self) -> Option<Result<T, JoinError>> {
        let mut output = MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: there is room for it, as the caller promises.
        unsafe {
            let taken = (self.header().vtable.take)(self.0, output.as_mut_ptr().cast());
            self.set(TAKEN);
            taken.then(|| output.assume_init())
        }
    }

    /// Sets the waker that is called when it has ended.
    pub(in super::super) fn set_joiner(self, waker: &Waker) {
        let joiner = &self.header().joiner;
        let old = joiner.take();
        if old.as_ref().is_some_and(|old| old.will_wake(waker)) {
            return joiner.set(old);
        }
        // Cloning and dropping may call foreign code, so the cell must be valid then.
        joiner.set(Some(Held::new(waker)));
        drop(old);
    }

    pub(in super::super) fn clear_joiner(self) {
        drop(self.header().joiner.take());
    }

    /// The waker of the task that waits for its end.
    pub(in super::super) fn joiner(self) -> Option<TaskRef> {
        let joiner = self.header().joiner.take();
        let task = joiner.as_ref().and_then(Held::task);
        self.header().joiner.set(joiner);
        task
    }

    /// Notes that the join handle was dropped.
    pub(in super::super) fn detach(self) {
        self.clear(JOINED);
        quietly(|| self.clear_joiner());
        if self.finished() && !self.is(TAKEN) {
            bounded(self, |task| {
                task.forget();
                task.release();
            });
        } else {
            self.release();
        }
    }
}
