//! How much a task may do in one poll.
//!
//! A lock that is free, a channel that has values, a socket whose other end is fast: each is ready
//! at once, and a task that loops on it would never let the others run. So every such operation
//! takes one off the budget of the poll. When that is used up, the operation is not ready this once,
//! and wakes its task again: the others run, and the event loop is asked for timers and signals.
//!
//! Operations of sockets are counted besides. Each is a system call, which takes as long as many
//! polls, so the event loop is asked again after so many polls and socket operations together.

use std::cell::Cell;
use std::task::{Context, Poll};

/// How many operations that are ready at once a task may do in one poll.
const BUDGET: u32 = 64;

/// Where none of this room's executors polls, the budget has no end.
const UNLIMITED: u32 = u32::MAX;

thread_local! {
    // Without a destructor and without lazy initialisation this is one store and one load.
    static LEFT: Cell<u32> = const { Cell::new(UNLIMITED) };
    static SOCKET_OPERATIONS: Cell<u32> = const { Cell::new(0) };
}

/// A task is about to be polled.
#[inline]
pub(super) fn renew() {
    LEFT.set(BUDGET);
}

/// No task is polled any more.
pub(super) fn end() {
    LEFT.set(UNLIMITED);
}

/// Takes one operation off the budget. Pending if it is used up; the task has been woken then.
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

/// As [`spend`], for an operation of a socket.
#[inline]
pub(crate) fn spend_on_socket(context: &Context<'_>) -> Poll<()> {
    spend(context).map(|()| SOCKET_OPERATIONS.set(SOCKET_OPERATIONS.get() + 1))
}

/// The event loop is asked now: the count begins again.
pub(super) fn begin_turn() {
    SOCKET_OPERATIONS.set(0);
}

/// How many operations of sockets there were in this turn.
#[inline]
pub(super) fn socket_operations() -> u32 {
    SOCKET_OPERATIONS.get()
}
