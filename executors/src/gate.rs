//! Announces the finished futures of a set, in the order in which they finish.

use std::collections::VecDeque;
use std::time::Instant;

use crate::sync::{Condvar, Mutex, lock, wait_until};

/// One future of the set is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) index: usize,
    pub(crate) failed: bool,
}

/// The announcements that were not read yet.
pub(crate) struct Gate {
    arrivals: Mutex<VecDeque<Arrival>>,
    some: Condvar,
}

// Not derived, because loom's locks have no `Default`.
impl Default for Gate {
    fn default() -> Self {
        Self {
            arrivals: Mutex::new(VecDeque::new()),
            some: Condvar::new(),
        }
    }
}

impl Gate {
    pub(crate) fn arrive(&self, index: usize, failed: bool) {
        lock(&self.arrivals).push_back(Arrival { index, failed });
        self.some.notify_one();
    }

    /// Whether every announcement has been read.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.arrivals).is_empty()
    }

    /// Waits for the next finished future; `None` after the deadline.
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Option<Arrival> {
        let mut arrivals = lock(&self.arrivals);
        loop {
            if let Some(arrival) = arrivals.pop_front() {
                return Some(arrival);
            }
            arrivals = wait_until(&self.some, arrivals, deadline)?;
        }
    }
}
