//! The waiting state of a green thread, and what may end the wait.

use std::cell::Cell;
use std::thread;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was woken. The number tells a select which of its cases woke it.
    Woken(u32),
    /// It timed out.
    TimedOut,
    /// It must unwind.
    Raised,
}

/// How a wait reacts when the green thread must unwind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shield {
    /// It unwinds.
    None,
    /// The wait began while something on this thread was unwinding, perhaps this green thread. A
    /// second panic would abort. So it unwinds when nothing else unwinds any more.
    Unwinding,
    /// The wait ends, but does not unwind: other green threads borrow from this stack.
    Told,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Running, or in the ready queue.
    Runnable,
    /// Waiting until it is claimed.
    Parked,
    Ended,
}

/// The waiting state of a green thread.
pub(super) struct Parking {
    state: Cell<State>,
    shield: Cell<Shield>,
    cause: Cell<Cause>,
    waits_for: Cell<&'static str>,
}

impl Parking {
    pub(super) fn new() -> Parking {
        Parking {
            state: Cell::new(State::Runnable),
            shield: Cell::new(Shield::None),
            cause: Cell::new(Cause::Woken(0)),
            waits_for: Cell::new(""),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state.get() == State::Ended
    }

    pub(super) fn is_parked(&self) -> bool {
        self.state.get() == State::Parked
    }

    pub(super) fn end(&self) {
        self.state.set(State::Ended);
    }

    pub(super) fn waits_for(&self) -> &'static str {
        self.waits_for.get()
    }

    /// Why the last wait ended.
    pub(super) fn cause(&self) -> Cause {
        self.cause.get()
    }

    /// Begins a wait. Returns false if unwinding must be put off until nothing else unwinds.
    pub(super) fn park(&self, what: &'static str, told: bool) -> bool {
        self.waits_for.set(what);
        let shield = match told {
            true => Shield::Told,
            false if thread::panicking() => Shield::Unwinding,
            false => Shield::None,
        };
        self.shield.set(shield);
        self.state.set(State::Parked);
        shield != Shield::Unwinding
    }

    /// Ends the wait. Returns false if there is none, or another has ended it: the wake-up is then
    /// not used up and may go to another waiter.
    pub(super) fn claim(&self, cause: Cause) -> bool {
        if self.state.get() != State::Parked {
            return false;
        }
        self.state.set(State::Runnable);
        self.cause.set(cause);
        true
    }

    /// Whether the wait may be ended because the green thread must unwind.
    pub(super) fn may_be_raised(&self) -> bool {
        self.is_parked()
            && match self.shield.get() {
                Shield::None | Shield::Told => true,
                Shield::Unwinding => !thread::panicking(),
            }
    }
}
