//! Limits how deep the destructors of tasks may call one another.
//!
//! The result of a task may hold the handle of another task, whose result holds a third, and so on.
//! A future may hold a group of tasks, whose futures hold groups. Each destructor would call the
//! next one, and a chain of some 100,000 would overflow the stack. So an action that is nested
//! deeper than [`DEEPEST`] waits in a list until the destructors above it have returned.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::TaskRef;
use super::future::drop_payload;

/// Ordinary programs do not reach this depth, and the smallest usual stack, the 64 KiB of a green
/// thread, has room for it.
const DEEPEST: u32 = 32;

/// An action on a task. It takes over a reference of the caller.
type Action = fn(TaskRef);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LATER: RefCell<Vec<(TaskRef, Action)>> = const { RefCell::new(Vec::new()) };
}

/// Counts one level of nesting while it exists.
struct Deeper;

impl Deeper {
    fn new() -> Deeper {
        DEPTH.set(DEPTH.get() + 1);
        Deeper
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Does `action`, which calls destructors of the user. It does so at once, or if it is nested too
/// deep, after the outermost action has returned.
pub(super) fn bounded(task: TaskRef, action: Action) {
    let depth = DEPTH.get();
    // A thread that is ending has no list any more: there the nesting is not limited.
    if depth >= DEEPEST
        && LATER
            .try_with(|later| later.borrow_mut().push((task, action)))
            .is_ok()
    {
        return;
    }
    let deeper = Deeper::new();
    if depth > 0 {
        return action(task);
    }
    let mut panicked = catch_unwind(AssertUnwindSafe(|| action(task))).err();
    while let Some((task, action)) = next() {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| action(task))) {
            match panicked {
                None => panicked = Some(payload),
                Some(_) => drop_payload(payload),
            }
        }
    }
    drop(deeper);
    if let Some(payload) = panicked {
        resume_unwind(payload);
    }
}

/// The next waiting action: the last one that was added.
fn next() -> Option<(TaskRef, Action)> {
    let next = LATER.try_with(|later| later.borrow_mut().pop());
    next.ok().flatten()
}
