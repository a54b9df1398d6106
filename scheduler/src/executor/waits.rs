//! Who waits for what: what the locks, events and channels of [`sync`](crate::sync) tell of their
//! waiters, for the search for deadlocks.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::Waker;

/// Something that tasks of one thread wait for.
pub(crate) trait WaitedFor {
    /// Calls `tell` for each waker that it keeps, with what its task waits for.
    fn waiters(&self, tell: &mut dyn FnMut(&Waker, Telling<'_>));
}

/// What a task waits for, in words, by what tasks are called.
pub(crate) type Telling<'a> = &'a dyn Fn(&dyn Fn(u64) -> String) -> String;

/// All things on this thread that somebody has waited for.
#[derive(Default)]
struct Known {
    things: Vec<Weak<dyn WaitedFor>>,
    /// With so many, those that are gone are thrown away.
    sweep_at: usize,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Makes a thing known; to be called once for each.
pub(crate) fn make_known(thing: Weak<dyn WaitedFor>) {
    KNOWN.with_borrow_mut(|known| {
        if known.things.len() >= known.sweep_at {
            known.things.retain(|thing| thing.strong_count() > 0);
            known.sweep_at = 2 * known.things.len() + 64;
        }
        known.things.push(thing);
    });
}

/// The things that are still there.
pub(super) fn known() -> Vec<Rc<dyn WaitedFor>> {
    KNOWN.with_borrow(|known| known.things.iter().filter_map(Weak::upgrade).collect())
}
