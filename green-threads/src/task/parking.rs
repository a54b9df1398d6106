//! Whether a green thread waits, and what may end its wait.

use std::cell::Cell;
use std::thread;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody woke it; a select knows by the number which of its cases.
    Woken(u32),
    /// Its time was up.
    TimedOut,
    /// It is to unwind.
    Raised,
}

/// How a wait takes being told to unwind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shield {
    /// It unwinds.
    None,
    /// The wait began while something on this thread was unwinding, perhaps this green thread: a
    /// second panic would abort. It ends when nothing unwinds any more.
    Unwinding,
    /// It is told, and does not unwind: what others borrow from this stack depends on it.
    Told,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Running, or in the ready queue.
    Runnable,
    /// Until somebody claims it.
    Parked,
    Ended,
}

/// A green thread's wait.
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

    /// Begins a wait; false if raising must be put off until nothing unwinds.
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

    /// Ends the wait, if there is one and nobody else has ended it: a wake-up goes to one who takes
    /// it, or is not used up.
    pub(super) fn claim(&self, cause: Cause) -> bool {
        if self.state.get() != State::Parked {
            return false;
        }
        self.state.set(State::Runnable);
        self.cause.set(cause);
        true
    }

    /// Whether the wait may be ended by unwinding, or by being told to.
    pub(super) fn may_be_raised(&self) -> bool {
        self.is_parked()
            && match self.shield.get() {
                Shield::None | Shield::Told => true,
                Shield::Unwinding => !thread::panicking(),
            }
    }
}
