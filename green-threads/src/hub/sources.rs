//! What the event loop watches, and which green threads wait for it.

use std::cell::Cell;

use event_loop::Readiness;

use crate::wait_queue::WaitQueue;

/// Which green threads wait for a source.
pub(crate) struct Source {
    /// Whether trying may succeed: not after it would have blocked, until the next event.
    pub(crate) readable: Cell<bool>,
    pub(crate) writable: Cell<bool>,
    /// The other end has ended: a short read does not mean that nothing is left.
    pub(crate) read_closed: Cell<bool>,
    pub(crate) readers: WaitQueue,
    pub(crate) writers: WaitQueue,
}

impl Source {
    /// What is new may be ready.
    pub(super) fn new() -> Source {
        Source {
            readable: Cell::new(true),
            writable: Cell::new(true),
            read_closed: Cell::new(false),
            readers: WaitQueue::default(),
            writers: WaitQueue::default(),
        }
    }

    /// Wakes all who wait for this.
    pub(super) fn is_ready(&self, readiness: Readiness) {
        if readiness.read_closed() || readiness.error() {
            self.read_closed.set(true);
        }
        if readiness.readable() || readiness.read_closed() || readiness.error() {
            self.readable.set(true);
            self.readers.wake_all();
        }
        if readiness.writable() || readiness.write_closed() || readiness.error() {
            self.writable.set(true);
            self.writers.wake_all();
        }
    }
}
