//! What depends on the future's type: the whole of a task, and the table of functions that its
//! header points to.

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

/// The functions of a future's type.
pub(super) struct Vtable {
    /// Polls the future; true if it has ended, and its output is there.
    pub(super) poll: unsafe fn(*const Header, &mut Context<'_>) -> bool,
    /// Drops the future.
    pub(super) cancel: unsafe fn(*const Header),
    /// Drops the output.
    pub(super) forget: unsafe fn(*const Header),
    /// Moves the output, a `Result<T, JoinError>`, to where the pointer points.
    pub(super) take: unsafe fn(*const Header, *mut ()) -> bool,
    pub(super) free: unsafe fn(*const Header),
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

impl TaskRef {
    /// Puts a future into a task with two references: the executor's, and that of a join handle.
    ///
    /// # Safety
    ///
    /// The future has to be [finished](TaskRef::finished), if need be by
    /// [`abort`](TaskRef::abort), before anything that it borrows is gone. `shared` has to outlive
    /// the task, as [`core`](super::super::core) sees to.
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

/// Runs user code whose panic is nobody's; nor may the panic's payload panic here.
pub(super) fn quietly(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        drop_payload(payload);
    }
}

/// Drops what was panicked with. If its destructor panics too, that second payload is leaked:
/// its destructor might go on like that for ever.
pub(super) fn drop_payload(payload: Box<dyn std::any::Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
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
            quietly(|| drop(unwanted));
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
