//! The pool a future came from, as far as the future needs to know it.

use std::cell::Cell;
use std::num::NonZeroU64;
// A counter in a static: loom's atomics cannot be made there, and no model turns on it.
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells one pool from another, for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolId(NonZeroU64);

impl PoolId {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        // A new pool every nanosecond would take 584 years to come round to zero.
        Self(NonZeroU64::new(id).unwrap_or(NonZeroU64::MAX))
    }
}

/// What a future asks of its pool.
pub(crate) trait Home: Send + Sync {
    /// Which pool it is.
    fn id(&self) -> PoolId;
    /// A pending job has just been cancelled: its place in the queue is free.
    fn cancelled(&self);
}

thread_local! {
    static WORKER_OF: Cell<Option<PoolId>> = const { Cell::new(None) };
}

/// Marks this thread, for good, as one that the pool needs to finish its jobs.
pub(crate) fn become_worker_of(pool: PoolId) {
    WORKER_OF.set(Some(pool));
}

/// Whether the pool needs this thread to finish its jobs.
pub(crate) fn is_worker_of(pool: PoolId) -> bool {
    WORKER_OF.get() == Some(pool)
}
