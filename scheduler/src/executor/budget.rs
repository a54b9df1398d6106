//! The budget of a poll: how much a task may do before the others run.
//!
//! A lock that is free, a channel with values, a socket with a fast other end: these are always
//! ready. A task that loops on one of them would never let the others run. So each operation takes
//! one from the budget of its poll. When the budget is used up, the operation is pending once, and
//! wakes its task again: the others run, and the event loop is asked for timers and signals.
//!
//! Socket operations are also counted in another way. Each is a system call, which takes as long as
//! many polls. So the event loop is asked again after a number of polls and socket operations
//! together.

use std::cell::Cell;
use std::task::{Context, Poll};

/// How many operations that are ready at once a task may do in one poll.
const BUDGET: u32 = 64;

/// The budget outside of this room's executors: it has no limit.
const UNLIMITED: u32 = u32::MAX;

thread_local! {
    // Without a destructor and without lazy initialisation this is one store and one load.
    static LEFT: Cell<u32> = const { Cell::new(UNLIMITED) };
    static SOCKET_OPERATIONS: Cell<u32> = const { Cell::new(0) };
}

/// Sets the budget before a task is polled.
#[inline]
pub(super) fn renew() {
    LEFT.set(BUDGET);
}

/// Removes the limit after a poll.
pub(super) fn end() {
    LEFT.set(UNLIMITED);
}

/// Takes one operation from the budget. If it is used up, this is pending, and the task is woken.
#[inline]
pub(crate) fn spend(context: &Context<'_>) -> Poll<()> {
    match LEFT.get() {
        UNLIMITED => Poll::Ready(()),
        0 => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
        left => {
            LEFT.set(left - 1);
            Poll::Ready(())
        }
    }
}

/// As [`spend`], for a socket operation.
#[inline]
pub(crate) fn spend_on_socket(context: &Context<'_>) -> Poll<()> {
    spend(context).map(|()| SOCKET_OPERATIONS.set(SOCKET_OPERATIONS.get() + 1))
}

/// The event loop is asked now: counting begins again.
pub(super) fn begin_turn() {
    SOCKET_OPERATIONS.set(0);
}

/// How many socket operations there were in this turn.
#[inline]
pub(super) fn socket_operations() -> u32 {
    SOCKET_OPERATIONS.get()
}
