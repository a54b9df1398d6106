//! A task: one allocation that holds a future and all that the executor knows of it.
//!
//! # Who counts what, and why that is sound
//!
//! A task's memory is held by references: one of the executor until the future is gone, one of the
//! ready queue while it is in there or runs, one of the [`JoinHandle`](super::JoinHandle), and one
//! of each [`Waker`]. The first three never leave the thread where the task was spawned, its
//! *home*. Wakers may go anywhere: they are `Send` and `Sync`, whatever the future is.
//!
//! So there are two counts. `references` is a plain cell and belongs to home: every reference that
//! is made or dropped there is counted in it, without atomics. `away` is atomic, and counts what
//! is made and dropped elsewhere; it may fall below zero when a waker that was cloned at home is
//! dropped away, and `references` may when it is the other way round. What holds is the sum.
//!
//! **Only home frees** (as long as the executor lives), and only when the sum is zero and the task
//! is not posted. Consider any moment in the order of changes of `away`. A reference that is alive
//! somewhere was made, and its making was counted before that moment, or it was cloned off another
//! one that was alive then, and so on until one whose making was counted; and none of these can
//! have been counted as dropped, for dropping comes after cloning. Nor is a drop ever counted
//! whose making was not: making happens before dropping, and home looks after both. So the sum is
//! at least one while any reference lives: home may look with a plain load, even at an old value.
//! A drop elsewhere that makes the sum zero cannot free, and has to tell home: in the same atomic
//! step it marks the task *posted*, puts it in the executor's inbox, and touches it no more. A task
//! that is posted is not freed before home has taken it out of the inbox.
//!
//! **When the executor is dropped** nobody will look into the inbox any more. Under the inbox's
//! lock, which every drop elsewhere holds, home adds `references` to `away` for each task that is
//! still referenced, and marks it *merged*. From then on all, home too, count in `away`, and who
//! drops the last one frees. That may be any thread, and it frees memory only: the future, its
//! output and the joiner's waker were dropped at home.
//!
//! **Wake-ups** at home append to the ready queue, a list through the tasks themselves. Elsewhere
//! they post. The future, its output and the cells are touched at home only.
//!
//! The idea of the two counts is that of J. Choi, T. Shull and J. Torrellas, *Biased Reference
//! Counting*, 2018. The models in `executor/loom.rs` check what is said here.

#![allow(
    unsafe_code,
    reason = "a task's future is erased, pinned in place, and referenced from several sides"
)]

use std::cell::{Cell as PlainCell, UnsafeCell};
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use super::core::{Local, Shared};
use super::join_handle::{JoinError, Panic};
use super::loom_or_std::{AtomicIsize, Cell, Ordering};

/// In the ready queue.
const SCHEDULED: u8 = 1;
/// Being polled, or being dropped.
const RUNNING: u8 = 2;
/// The future is gone.
const FINISHED: u8 = 4;
/// To be cancelled when it does not run any more.
const ABORTED: u8 = 8;
/// There is a join handle.
const JOINED: u8 = 16;
/// All references are counted in `away`.
const MERGED_HOME: u8 = 32;

/// In the inbox, or about to be put there.
const POSTED: isize = 1;
/// To be scheduled when it comes out of the inbox.
const WOKEN: isize = 2;
/// All references are counted here, and who drops the last one frees.
const MERGED: isize = 4;
/// The flags are below the count.
const COUNT_SHIFT: u32 = 3;
const ONE: isize = 1 << COUNT_SHIFT;

/// More references than this were leaked on purpose; counting on would overflow.
const MOST: i32 = i32::MAX / 2;

/// What every task begins with.
pub(super) struct Header {
    vtable: &'static Vtable,
    shared: *const Shared,
    id: u64,
    state: Cell<u8>,
    references: Cell<i32>,
    away: AtomicIsize,
    /// The next in the ready queue.
    next: Cell<*const Header>,
    /// All tasks whose memory is not freed are in a list.
    older: Cell<*const Header>,
    newer: Cell<*const Header>,
    /// Who waits for its end.
    joiner: PlainCell<Option<Waker>>,
}

/// What depends on the future's type.
struct Vtable {
    /// Polls the future; true if it has ended, and its output is there.
    poll: unsafe fn(*const Header, &mut Context<'_>) -> bool,
    /// Drops the future.
    cancel: unsafe fn(*const Header),
    /// Drops the output.
    forget: unsafe fn(*const Header),
    /// Moves the output, a `Result<T, JoinError>`, to where the pointer points.
    take: unsafe fn(*const Header, *mut ()) -> bool,
    free: unsafe fn(*const Header),
}

#[repr(C)]
struct Task<F: Future> {
    // First: a pointer to a task is a pointer to its header.
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, JoinError>),
    Empty,
}

/// A pointer to a task that is known to live: whoever has one holds a reference, or is called by
/// one who does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TaskRef(*const Header);

impl TaskRef {
    pub(super) const NULL: TaskRef = TaskRef(ptr::null());

    /// Puts a future into a task with two references: the executor's, and that of a join handle.
    ///
    /// # Safety
    ///
    /// The future has to be [finished](TaskRef::finished), if need be by
    /// [`abort`](TaskRef::abort), before anything that it borrows is gone. `shared` has to outlive
    /// the task, as [`core`](super::core) sees to.
    pub(super) unsafe fn new<F: Future>(future: F, id: u64, shared: *const Shared) -> TaskRef {
        let task = Box::new(Task {
            header: Header {
                vtable: const {
                    &Vtable {
                        poll: poll::<F>,
                        cancel: cancel::<F>,
                        forget: forget::<F>,
                        take: take::<F>,
                        free: free::<F>,
                    }
                },
                shared,
                id,
                state: Cell::new(JOINED),
                references: Cell::new(2),
                away: AtomicIsize::new(0),
                next: Cell::new(ptr::null()),
                older: Cell::new(ptr::null()),
                newer: Cell::new(ptr::null()),
                joiner: PlainCell::new(None),
            },
            stage: UnsafeCell::new(Stage::Future(future)),
        });
        #[cfg(loom)]
        LIVE.set(LIVE.get() + 1);
        TaskRef(Box::into_raw(task).cast())
    }

    pub(super) fn is_null(self) -> bool {
        self.0.is_null()
    }

    #[inline]
    fn header<'a>(self) -> &'a Header {
        // SAFETY: it lives, by what a `TaskRef` is; nobody makes a mutable reference to a header.
        unsafe { &*self.0 }
    }

    fn shared<'a>(self) -> &'a Shared {
        // SAFETY: see `new`.
        unsafe { &*self.header().shared }
    }

    /// The executor's part at home; `None` when it has gone.
    pub(super) fn local<'a>(self) -> Option<&'a Local> {
        self.shared().local()
    }

    /// The task that a waker wakes, if it is one of these.
    pub(super) fn of_waker(waker: &Waker) -> Option<TaskRef> {
        ptr::eq(waker.vtable(), &WAKER).then(|| TaskRef(waker.data().cast()))
    }

    /// Who waits for its end.
    pub(super) fn with_joiner(self, see: impl FnOnce(&Waker)) {
        let joiner = self.header().joiner.take();
        if let Some(joiner) = &joiner {
            see(joiner);
        }
        self.header().joiner.set(joiner);
    }

    pub(super) fn id(self) -> u64 {
        self.header().id
    }

    fn is(self, flag: u8) -> bool {
        self.header().state.get() & flag != 0
    }

    fn set(self, flags: u8) {
        let state = &self.header().state;
        state.set(state.get() | flags);
    }

    fn clear(self, flags: u8) {
        let state = &self.header().state;
        state.set(state.get() & !flags);
    }

    // From here on: at home only.

    pub(super) fn finished(self) -> bool {
        self.is(FINISHED)
    }

    /// How many wakers of it there are, if it is neither scheduled nor runs; `None` if it is in the
    /// inbox. One look at `away` tells both: a waker that was used and dropped elsewhere is either
    /// still counted or has posted.
    pub(super) fn wakers(self) -> Option<usize> {
        let header = self.header();
        let away = header.away.load(Ordering::Acquire);
        let own = isize::from(!self.finished()) + isize::from(self.is(JOINED));
        let wakers = header.references.get() as isize + (away >> COUNT_SHIFT) - own;
        (away & POSTED == 0).then_some(wakers.try_into().unwrap_or(0))
    }

    /// Appends it to the ready queue, if it is not in there and has not ended.
    #[inline]
    pub(super) fn schedule(self, local: &Local) {
        let header = self.header();
        let state = header.state.get();
        if state & (SCHEDULED | FINISHED) == 0 {
            header.state.set(state | SCHEDULED);
            header.references.set(header.references.get() + 1);
            local.push(self);
        }
    }

    /// Runs a task that has been taken out of the ready queue.
    #[inline]
    pub(super) fn run(self, local: &Local) {
        let header = self.header();
        let state = header.state.get();
        header.state.set(state & !SCHEDULED | RUNNING);
        if state & FINISHED == 0 {
            // Only the queue's reference is lent: a waker that is kept is a clone.
            let waker = ManuallyDrop::new(self.waker());
            let mut context = Context::from_waker(&waker);
            // SAFETY: it lives, and it does not run already: it was in the queue, and what runs
            // puts itself there without being taken out before it has returned.
            let finished = unsafe { (header.vtable.poll)(self.0, &mut context) };
            if finished {
                self.finish(local);
            } else if self.is(ABORTED) {
                self.cancel(local);
            }
        }
        self.clear(RUNNING);
        self.release();
    }

    /// Drops the future, at once or, if it is running, when it is pending again.
    pub(super) fn abort(self, local: &Local) {
        if self.is(RUNNING) {
            self.set(ABORTED);
        } else if !self.finished() {
            self.hold();
            self.set(RUNNING);
            self.cancel(local);
            self.clear(RUNNING);
            self.release();
        }
    }

    /// What it says is running, so that what the future's destructor does finds it so.
    fn cancel(self, local: &Local) {
        // SAFETY: it lives, the future is there and nobody else has it.
        unsafe { (self.header().vtable.cancel)(self.0) };
        self.finish(local);
    }

    fn finish(self, local: &Local) {
        self.set(FINISHED);
        local.finished();
        if !self.is(JOINED) {
            self.forget();
        }
        if let Some(joiner) = self.header().joiner.take() {
            joiner.wake();
        }
        // The executor's.
        self.release();
    }

    /// Drops the output. It is nobody's any more, so what its destructor says is not either.
    fn forget(self) {
        // SAFETY: it lives, it has ended, and nobody else takes the output.
        let forgotten = catch_unwind(AssertUnwindSafe(|| unsafe {
            (self.header().vtable.forget)(self.0);
        }));
        drop(forgotten);
    }

    /// Takes the output; only the join handle does that.
    ///
    /// # Safety
    ///
    /// `T` has to be the future's output.
    pub(super) unsafe fn take<T>(self) -> Option<Result<T, JoinError>> {
        let mut output = mem::MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: there is room for it, by what the caller says.
        unsafe {
            let taken = (self.header().vtable.take)(self.0, output.as_mut_ptr().cast());
            taken.then(|| output.assume_init())
        }
    }

    /// Has `waker` told when it has ended.
    pub(super) fn set_joiner(self, waker: &Waker) {
        let joiner = &self.header().joiner;
        match joiner.take() {
            Some(old) if old.will_wake(waker) => joiner.set(Some(old)),
            old => {
                joiner.set(Some(waker.clone()));
                drop(old);
            }
        }
    }

    pub(super) fn clear_joiner(self) {
        drop(self.header().joiner.take());
    }

    /// There is no join handle any more.
    pub(super) fn detach(self) {
        self.clear(JOINED);
        self.clear_joiner();
        if self.finished() {
            self.forget();
        }
        self.release();
    }

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

    fn unlink(self, local: &Local) {
        let (older, newer) = (self.older(), TaskRef(self.header().newer.get()));
        if !older.is_null() {
            older.header().newer.set(newer.0);
        }
        match newer.is_null() {
            true => local.set_newest(older),
            false => newer.header().older.set(older.0),
        }
    }

    /// One reference more.
    pub(super) fn hold(self) {
        let references = &self.header().references;
        if references.get() > MOST {
            std::process::abort();
        }
        references.set(references.get() + 1);
    }

    /// One reference less.
    #[inline]
    pub(super) fn release(self) {
        let header = self.header();
        if header.state.get() & MERGED_HOME != 0 {
            return self.release_away();
        }
        header.references.set(header.references.get() - 1);
        if header.references.get() <= 0 {
            self.free_if_unreferenced();
        }
    }

    fn free_if_unreferenced(self) {
        let header = self.header();
        let away = header.away.load(Ordering::Acquire);
        let sum = header.references.get() as isize + (away >> COUNT_SHIFT);
        if sum == 0 && away & POSTED == 0 {
            if let Some(local) = self.shared().local() {
                self.unlink(local);
            }
            // SAFETY: nobody refers to it; see the module.
            unsafe { (header.vtable.free)(self.0) }
        }
    }

    /// It has come out of the inbox: counts and does what was told elsewhere.
    pub(super) fn collect(self, local: &Local) {
        let header = self.header();
        // Acquire: what was done before the wake-up is seen by the poll that follows.
        let away = header.away.swap(0, Ordering::AcqRel);
        let count = (away >> COUNT_SHIFT) as i32;
        header.references.set(header.references.get() + count);
        if away & WOKEN != 0 {
            self.schedule(local);
        }
        if header.references.get() <= 0 {
            self.free_if_unreferenced();
        }
    }

    /// The executor is going, the inbox locked and empty: what is still referenced counts in
    /// `away` from now on.
    pub(super) fn merge(self) {
        let header = self.header();
        let own = header.references.get() as isize;
        self.set(MERGED_HOME);
        let away = header
            .away
            .fetch_add((own * ONE) | MERGED, Ordering::AcqRel);
        if own + (away >> COUNT_SHIFT) == 0 {
            // SAFETY: nobody refers to it; see the module.
            unsafe { (header.vtable.free)(self.0) }
        } else {
            // SAFETY: it came from an `Arc`, and the executor holds it still.
            unsafe { Arc::increment_strong_count(header.shared) };
        }
    }

    // From here on: anywhere.

    fn waker(self) -> Waker {
        // SAFETY: the functions of the table keep the contract, as the module says.
        unsafe { Waker::from_raw(RawWaker::new(self.0.cast(), &WAKER)) }
    }

    /// Whether the calling thread may count in `references`, and touch the cells.
    #[inline]
    fn counts_at_home(self) -> bool {
        self.shared().is_here() && !self.is(MERGED_HOME)
    }

    fn hold_away(self) {
        let away = self.header().away.fetch_add(ONE, Ordering::Relaxed);
        if away >> COUNT_SHIFT > MOST as isize {
            std::process::abort();
        }
    }

    fn wake_away(self) {
        let mut inbox = self.shared().inbox();
        if !inbox.open {
            return;
        }
        // Release: what was done before this is seen by the poll that follows.
        let away = &self.header().away;
        if away.fetch_or(WOKEN | POSTED, Ordering::AcqRel) & POSTED == 0 {
            self.shared().post(&mut inbox, self);
        }
        drop(inbox);
        self.shared().ring();
    }

    fn release_away(self) {
        let header = self.header();
        // SAFETY: it came from an `Arc`, which lives as long as this task, which may be freed
        // before the lock is given back.
        let shared = unsafe {
            Arc::increment_strong_count(header.shared);
            Arc::from_raw(header.shared)
        };
        let mut inbox = shared.inbox();
        let mut away = header.away.load(Ordering::Relaxed);
        loop {
            let merged = away & MERGED != 0;
            let less = if merged {
                away - ONE
            } else {
                (away - ONE) | POSTED
            };
            // Release: what was done by this reference comes before the memory is freed.
            let changed =
                header
                    .away
                    .compare_exchange(away, less, Ordering::AcqRel, Ordering::Relaxed);
            match changed {
                Err(now) => away = now,
                Ok(_) if merged => {
                    if less >> COUNT_SHIFT == 0 {
                        // SAFETY: it was the last; the flag says that home counts here too. The
                        // `Arc` that the task had is dropped with it, which this thread's outlives.
                        unsafe {
                            Arc::decrement_strong_count(header.shared);
                            (header.vtable.free)(self.0);
                        }
                    }
                    return;
                }
                Ok(_) => {
                    // Who has marked it may touch it until it is in the inbox; nobody else.
                    if away & POSTED == 0 {
                        shared.post(&mut inbox, self);
                        drop(inbox);
                        shared.ring();
                    }
                    return;
                }
            }
        }
    }
}

static WAKER: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

unsafe fn clone(task: *const ()) -> RawWaker {
    let task = TaskRef(task.cast());
    match task.counts_at_home() {
        true => task.hold(),
        false => task.hold_away(),
    }
    RawWaker::new(task.0.cast(), &WAKER)
}

unsafe fn wake(task: *const ()) {
    // SAFETY: the waker is there until its reference is dropped.
    unsafe {
        wake_by_ref(task);
        drop_waker(task);
    }
}

unsafe fn wake_by_ref(task: *const ()) {
    let task = TaskRef(task.cast());
    let shared = task.shared();
    if !shared.is_here() {
        task.wake_away();
    } else if let Some(local) = shared.local() {
        task.schedule(local);
    }
}

unsafe fn drop_waker(task: *const ()) {
    let task = TaskRef(task.cast());
    match task.counts_at_home() {
        true => task.release(),
        false => task.release_away(),
    }
}

/// The stage of a task of this type.
unsafe fn stage<F: Future>(task: *const Header) -> *mut Stage<F> {
    let task: *const Task<F> = task.cast();
    // SAFETY: the pointer was made from a whole `Task<F>`, which lives.
    unsafe { UnsafeCell::raw_get(&raw const (*task).stage) }
}

unsafe fn poll<F: Future>(task: *const Header, context: &mut Context<'_>) -> bool {
    // SAFETY: the caller is the only one who touches the stage, and the future does not move: the
    // allocation is freed only after `settle` has dropped it in place.
    unsafe {
        let stage = stage::<F>(task);
        let Stage::Future(future) = &mut *stage else {
            return false;
        };
        let future = Pin::new_unchecked(future);
        let output = match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(JoinError::Panicked(Panic::new(panic))),
        };
        settle(stage, output);
    }
    true
}

unsafe fn cancel<F: Future>(task: *const Header) {
    // SAFETY: the caller is the only one who touches the stage.
    unsafe { settle(stage::<F>(task), Err(JoinError::Cancelled)) }
}

/// Drops the future in place and leaves its output; if the destructor panics, that is the output.
unsafe fn settle<F: Future>(stage: *mut Stage<F>, output: Result<F::Output, JoinError>) {
    // SAFETY: as in `poll`. `drop_in_place` does not leave a future behind even if it panics, so
    // it must not be dropped again: `write` does not.
    unsafe {
        let dropped = catch_unwind(AssertUnwindSafe(|| ptr::drop_in_place(stage)));
        stage.write(Stage::Output(output));
        if let Err(panic) = dropped {
            let panicked = Stage::Output(Err(JoinError::Panicked(Panic::new(panic))));
            let unwanted = mem::replace(&mut *stage, panicked);
            // It may panic in turn; that is told by the first panic.
            drop(catch_unwind(AssertUnwindSafe(|| drop(unwanted))));
        }
    }
}

unsafe fn forget<F: Future>(task: *const Header) {
    // SAFETY: the caller is the only one who touches the stage, and it holds no future any more.
    unsafe { drop(mem::replace(&mut *stage::<F>(task), Stage::Empty)) }
}

unsafe fn take<F: Future>(task: *const Header, to: *mut ()) -> bool {
    // SAFETY: as in `forget`; there is room for the output at `to`.
    unsafe {
        match mem::replace(&mut *stage::<F>(task), Stage::Empty) {
            Stage::Output(output) => {
                to.cast::<Result<F::Output, JoinError>>().write(output);
                true
            }
            _ => false,
        }
    }
}

unsafe fn free<F: Future>(task: *const Header) {
    #[cfg(loom)]
    LIVE.set(LIVE.get() - 1);
    // SAFETY: it was made by `Box::new` as a `Task<F>`, and nobody refers to it.
    drop(unsafe { Box::from_raw(task.cast_mut().cast::<Task<F>>()) });
}

#[cfg(loom)]
std::thread_local! {
    // Not loom's: all threads of a model are coroutines on one.
    static LIVE: PlainCell<isize> = const { PlainCell::new(0) };
}

/// How many tasks' memory is not freed.
#[cfg(all(test, loom))]
pub(super) fn live() -> isize {
    LIVE.get()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_small() {
        assert!(size_of::<Header>() <= 80, "{}", size_of::<Header>());
        assert!(size_of::<Task<std::future::Ready<()>>>() <= 112);
    }
}
