//! What a green thread is to unwind with.

use std::cell::Cell;
use std::time::Duration;

/// What a green thread is made to unwind with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raise {
    /// It is killed.
    Kill,
    /// The time-out of this number, which was so long.
    Timeout(u64, Duration),
    /// [`run_on`](crate::run_on) ends this hub because another one has failed.
    Stop,
}

/// What a green thread is to unwind with, in the order in which it came.
///
/// Each stays until it is taken back, which a time-out does when it is dropped, or until the green
/// thread ends. So code that catches every panic does not swallow it: the next wait unwinds again.
#[derive(Default)]
pub(super) struct Raises {
    list: Cell<Vec<Raise>>,
    /// The list is not empty.
    any: Cell<bool>,
    /// One of the list has been raised, and somebody has caught it.
    raised: Cell<bool>,
    /// The green thread has its outcome, and only tidies up.
    closed: Cell<bool>,
}

impl Raises {
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.get()
    }

    /// Whether one of them has been raised before.
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

    /// The one to unwind with: the first, but a kill before all others.
    pub(super) fn next(&self) -> Option<Raise> {
        let list = self.list.take();
        let kill = list.contains(&Raise::Kill).then_some(Raise::Kill);
        let next = kill.or(list.first().copied());
        self.put(list);
        self.raised.set(next.is_some());
        next
    }

    /// From here on nothing can be raised.
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
