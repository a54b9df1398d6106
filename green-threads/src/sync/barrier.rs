//! A barrier.

use std::cell::Cell;
use std::fmt;

use crate::wait_queue::{Wait, WaitQueue};

/// A barrier: a number of green threads wait until all of them have arrived. It can be used again.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// use green_threads::{spawn, sync::Barrier};
///
/// let barrier = Rc::new(Barrier::new(3));
/// let runners: Vec<_> = (0..3)
///     .map(|_| spawn({ let barrier = Rc::clone(&barrier); move || barrier.wait().is_leader() }))
///     .collect();
/// let leaders = runners.into_iter().map(|runner| runner.join().unwrap());
/// assert_eq!(leaders.filter(|&leader| leader).count(), 1);
/// ```
pub struct Barrier {
    needed: usize,
    arrived: Cell<usize>,
    waiters: WaitQueue,
}

/// The result of [`Barrier::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this green thread came last, and so released the others.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier for `needed` green threads. With 0 or 1, `wait` returns at once.
    pub fn new(needed: usize) -> Barrier {
        Barrier {
            needed,
            arrived: Cell::new(0),
            waiters: WaitQueue::default(),
        }
    }

    /// Waits until `needed` green threads wait.
    pub fn wait(&self) -> BarrierWaitResult {
        /// A green thread that is killed while it waits does not count as arrived.
        struct Leave<'a>(&'a Barrier);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.arrived.set(self.0.arrived.get() - 1);
            }
        }
        let arrived = self.arrived.get() + 1;
        if arrived >= self.needed {
            self.arrived.set(0);
            self.waiters.wake_all();
            return BarrierWaitResult(true);
        }
        self.arrived.set(arrived);
        let leave = Leave(self);
        self.waiters.wait(Wait::new("a barrier"));
        std::mem::forget(leave);
        BarrierWaitResult(false)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("needed", &self.needed)
            .field("arrived", &self.arrived)
            .finish()
    }
}
