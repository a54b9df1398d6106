//! The reasons for which a green thread must unwind.

use std::cell::Cell;
use std::time::Duration;

/// A reason to unwind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raise {
    /// It is killed.
    Kill,
    /// The time-out with this number and length.
    Timeout(u64, Duration),
    /// [`run_on`](crate::run_on) ends this hub, because another one has failed.
    Stop,
}

/// The reasons for which a green thread must unwind, in the order in which they came.
///
/// Each stays until it is removed (a time-out is removed when it is dropped), or until the green
/// thread ends. So code that catches every panic does not get rid of it: the next wait unwinds
/// again.
#[derive(Default)]
pub(super) struct Raises {
    list: Cell<Vec<Raise>>,
    /// The list is not empty.
    any: Cell<bool>,
    /// The green thread has unwound for one of the list, and the panic was caught.
    raised: Cell<bool>,
    /// The green thread has its outcome, and only cleans up.
    closed: Cell<bool>,
}

impl Raises {
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.get()
    }

    /// Whether it has unwound for one of them before.
    pub(super) fn raised(&self) -> bool {
        self.raised.get()
    }

    pub(super) fn add(&self, raise: Raise) {
        if self.closed.get() {
            return;
        }
        let mut list = self.list.take();
        if !list.contains(&raise) {
            list.push(raise);
        }
        self.put(list);
    }

    pub(super) fn take_back(&self, which: Raise) {
        let mut list = self.list.take();
        list.retain(|raise| *raise != which);
        self.put(list);
    }

    /// The reason to unwind for: a kill if there is one, otherwise the first.
    pub(super) fn next(&self) -> Option<Raise> {
        let list = self.list.take();
        let kill = list.contains(&Raise::Kill).then_some(Raise::Kill);
        let next = kill.or(list.first().copied());
        self.put(list);
        self.raised.set(next.is_some());
        next
    }

    /// From here on nothing can be added.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.put(Vec::new());
    }

    fn put(&self, list: Vec<Raise>) {
        self.any.set(!list.is_empty());
        if list.is_empty() {
            self.raised.set(false);
        }
        self.list.set(list);
    }
}
