//! The part of a task that depends on the type of its future: the whole task, and the table of
//! functions that its header points to.

use std::cell::{Cell as PlainCell, UnsafeCell};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

use super::super::core::Shared;
use super::super::join_handle::{JoinError, Panic};
use super::super::loom_or_std::{AtomicIsize, Cell};
use super::state::JOINED;
use super::{Header, TaskRef};

/// The functions for one type of future.
pub(super) struct Vtable {
    /// Polls the future. Returns true if it has ended and stored its output.
    pub(super) poll: unsafe fn(*const Header, &mut Context<'_>) -> bool,
    /// Drops the future.
    pub(super) cancel: unsafe fn(*const Header),
    /// Drops the output.
    pub(super) forget: unsafe fn(*const Header),
    /// Moves the output, a `Result<T, JoinError>`, to the memory at the pointer.
    pub(super) take: unsafe fn(*const Header, *mut ()) -> bool,
    pub(super) free: unsafe fn(*const Header),
}

#[repr(C)]
struct Task<F: Future> {
    // The first field: a pointer to a task is a pointer to its header.
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, JoinError>),
    Empty,
}

impl TaskRef {
    /// Makes a task of a future, with two references: the executor's and the join handle's.
    ///
    /// # Safety
    ///
    /// The future must be [finished](TaskRef::finished), if necessary by [`abort`](TaskRef::abort),
    /// before anything that it borrows is gone. `shared` must outlive the task;
    /// [`core`](super::super::core) ensures that.
    pub(in super::super) unsafe fn new<F: Future>(
        future: F,
        number: u64,
        shared: *const Shared,
    ) -> TaskRef {
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
                number,
                state: Cell::new(JOINED),
                references: Cell::new(2),
                loose: Cell::new(0),
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
}

/// Runs user code whose panic is ignored. The panic's payload must not panic here either.
pub(super) fn quietly(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        drop_payload(payload);
    }
}

/// Drops the payload of a panic. If its destructor panics too, the second payload is leaked,
/// because its destructor might do the same for ever.
pub(super) fn drop_payload(payload: Box<dyn std::any::Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}

/// The stage of a task with this type of future.
unsafe fn stage<F: Future>(task: *const Header) -> *mut Stage<F> {
    let task: *const Task<F> = task.cast();
    // SAFETY: the pointer was made from a whole `Task<F>`, which lives.
    unsafe { UnsafeCell::raw_get(&raw const (*task).stage) }
}

unsafe fn poll<F: Future>(task: *const Header, context: &mut Context<'_>) -> bool {
    // SAFETY: only the caller touches the stage. The future does not move: the allocation is freed
    // only after `settle` has dropped it in place.
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
    // SAFETY: only the caller touches the stage.
    unsafe { settle(stage::<F>(task), Err(JoinError::Cancelled)) }
}

/// Drops the future in place and stores its output. If the destructor panics, that is the output.
unsafe fn settle<F: Future>(stage: *mut Stage<F>, output: Result<F::Output, JoinError>) {
    // SAFETY: as in `poll`. Even if it panics, `drop_in_place` leaves no future behind, so the
    // future must not be dropped again: `write` does not drop it.
    unsafe {
        let dropped = catch_unwind(AssertUnwindSafe(|| ptr::drop_in_place(stage)));
        stage.write(Stage::Output(output));
        if let Err(panic) = dropped {
            let panicked = Stage::Output(Err(JoinError::Panicked(Panic::new(panic))));
            let unwanted = mem::replace(&mut *stage, panicked);
            // It may panic too. The first panic is reported, so this one is ignored.
            quietly(|| drop(unwanted));
        }
    }
}

unsafe fn forget<F: Future>(task: *const Header) {
    // SAFETY: only the caller touches the stage, and the future is dropped already.
    unsafe { drop(mem::replace(&mut *stage::<F>(task), Stage::Empty)) }
}

unsafe fn take<F: Future>(task: *const Header, to: *mut ()) -> bool {
    // SAFETY: as in `forget`; `to` has room for the output.
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
    // SAFETY: `Box::new` made it as a `Task<F>`, and there are no references.
    drop(unsafe { Box::from_raw(task.cast_mut().cast::<Task<F>>()) });
}

#[cfg(loom)]
std::thread_local! {
    // Not loom's: all threads of a model are coroutines on one thread.
    static LIVE: PlainCell<isize> = const { PlainCell::new(0) };
}

/// How many tasks exist whose memory is not freed.
#[cfg(all(test, loom))]
pub(in super::super) fn live() -> isize {
    LIVE.get()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_small() {
        assert!(size_of::<Header>() <= 88, "{}", size_of::<Header>());
        assert!(size_of::<Task<std::future::Ready<()>>>() <= 112);
    }
}
