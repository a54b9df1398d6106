//! The home thread of an executor.

use std::sync::atomic::{AtomicU64, Ordering};

use super::loom_or_std::{Cell, thread_local};

/// The identity of a thread. No other thread ever has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home(u64);

#[cfg(not(loom))]
thread_local! {
    // Without a destructor and without lazy initialisation reading it is one load.
    static THIS: Cell<u64> = const { Cell::new(0) };
}

#[cfg(loom)]
thread_local! {
    static THIS: Cell<u64> = Cell::new(0);
}

/// 0 means no thread.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Home {
    /// The calling thread.
    pub(crate) fn here() -> Home {
        THIS.with(|this| {
            if this.get() == 0 {
                this.set(NEXT.fetch_add(1, Ordering::Relaxed));
            }
            Home(this.get())
        })
    }

    /// Whether this is the calling thread.
    #[inline]
    pub(crate) fn is_here(self) -> bool {
        THIS.with(Cell::get) == self.0
    }
}
