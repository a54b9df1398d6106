//! Records which pool needs which thread, to detect a wait that can never end.

use std::cell::Cell;
use std::num::NonZeroU64;
// A counter in a static: loom's atomics can't be created there, and no loom model depends on it.
use std::sync::atomic::{AtomicU64, Ordering};

/// The identity of a pool in this program.
///
/// [`adopt`](PoolId::adopt) marks a thread that a pool needs to finish its jobs. On that thread, a
/// wait for an unfinished job of the same pool is refused
/// ([`Error::Deadlock`](crate::Error::Deadlock)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolId(NonZeroU64);

thread_local! {
    static WORKER_OF: Cell<Option<PoolId>> = const { Cell::new(None) };
}

impl PoolId {
    /// A new identity, different from all others in this program.
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        // With a new pool every nanosecond it would take 584 years to reach zero again.
        Self(NonZeroU64::new(id).unwrap_or(NonZeroU64::MAX))
    }

    /// Marks this thread permanently as one that the pool needs to finish its jobs.
    pub fn adopt(self) {
        WORKER_OF.set(Some(self));
    }

    /// Marks this thread like [`adopt`](PoolId::adopt), until the returned value is dropped.
    #[cfg(feature = "processes")]
    pub(crate) fn borrow_thread(self) -> Borrowed {
        Borrowed {
            before: WORKER_OF.replace(Some(self)),
        }
    }

    /// The pool that needs this thread, if there is one.
    pub(crate) fn of_this_thread() -> Option<Self> {
        WORKER_OF.get()
    }

    /// The identity as a number.
    #[cfg(feature = "processes")]
    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }

    /// Whether the pool needs this thread to finish its jobs.
    pub fn is_here(self) -> bool {
        WORKER_OF.get() == Some(self)
    }
}

/// A thread that a pool needs for a limited time.
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
