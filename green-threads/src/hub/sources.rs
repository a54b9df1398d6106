//! The sources that the event loop watches, and the green threads that wait for them.

use std::cell::Cell;

use event_loop::Readiness;

use crate::wait_queue::WaitQueue;

/// A source, and the green threads that wait for it.
pub(crate) struct Source {
    /// Whether a try may succeed. After a try that would have blocked: not until the next event.
    pub(crate) readable: Cell<bool>,
    pub(crate) writable: Cell<bool>,
    /// The other end has closed its half, so a short read does not mean that nothing is left.
    pub(crate) read_closed: Cell<bool>,
    pub(crate) readers: WaitQueue,
    pub(crate) writers: WaitQueue,
}

impl Source {
    /// A new source, which may be ready.
    pub(super) fn new() -> Source {
        Source {
            readable: Cell::new(true),
            writable: Cell::new(true),
            read_closed: Cell::new(false),
            readers: WaitQueue::default(),
            writers: WaitQueue::default(),
        }
    }

    /// Wakes all green threads that wait for this.
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
