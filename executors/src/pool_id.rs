//! Which pool needs which thread: how a wait that can never end is noticed.

use std::cell::Cell;
use std::num::NonZeroU64;
// A counter in a static: loom's atomics cannot be made there, and no model turns on it.
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells one pool from another, for as long as the program runs.
///
/// A thread that a pool needs to finish its jobs is marked by [`adopt`](PoolId::adopt); a wait on
/// that thread for an unfinished job of the same pool is then refused
/// ([`Error::Deadlock`](crate::Error::Deadlock)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolId(NonZeroU64);

thread_local! {
    static WORKER_OF: Cell<Option<PoolId>> = const { Cell::new(None) };
}

impl PoolId {
    /// A name that no other pool of this program has.
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        // A new pool every nanosecond would take 584 years to come round to zero.
        Self(NonZeroU64::new(id).unwrap_or(NonZeroU64::MAX))
    }

    /// Marks this thread, for good, as one that the pool needs to finish its jobs.
    pub fn adopt(self) {
        WORKER_OF.set(Some(self));
    }

    /// Marks this thread as [`adopt`](PoolId::adopt) does, until what this returns is dropped.
    #[cfg(feature = "processes")]
    pub(crate) fn borrow_thread(self) -> Borrowed {
        Borrowed {
            before: WORKER_OF.replace(Some(self)),
        }
    }

    /// The pool that needs this thread, if one does.
    pub(crate) fn of_this_thread() -> Option<Self> {
        WORKER_OF.get()
    }

    /// The number that it is.
    #[cfg(feature = "processes")]
    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }

    /// Whether the pool needs this thread to finish its jobs.
    pub fn is_here(self) -> bool {
        WORKER_OF.get() == Some(self)
    }
}

/// A thread that a pool needs for a moment.
#[cfg(feature = "processes")]
pub(crate) struct Borrowed {
    before: Option<PoolId>,
}

#[cfg(feature = "processes")]
impl Drop for Borrowed {
    fn drop(&mut self) {
        WORKER_OF.set(self.before);
    }
}
