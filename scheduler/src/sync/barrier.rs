//! A barrier: no task goes on before all have arrived.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::waiters::{Name, Standing, Waiter, Waiters};

/// A barrier: a number of tasks wait until all of them have arrived. It can be used again.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, gather};
/// use scheduler::sync::Barrier;
///
/// # fn main() -> std::io::Result<()> {
/// let barrier = Barrier::new(3);
/// let leaders = Executor::new()?.block_on(gather((0..3).map(|_| barrier.wait())));
/// assert_eq!(leaders, [false, false, true], "the last one to come");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Barrier {
    parties: usize,
    came: Rc<Cell<usize>>,
    waiters: Rc<Waiters>,
}

impl Barrier {
    /// A barrier for `parties` tasks.
    ///
    /// # Panics
    ///
    /// If `parties` is 0.
    #[track_caller]
    pub fn new(parties: usize) -> Barrier {
        Barrier::make(Name::Place(Location::caller()), parties)
    }

    /// A barrier with a name for the report of a deadlock.
    ///
    /// # Panics
    ///
    /// As [`new`](Barrier::new).
    #[track_caller]
    pub fn named(name: impl Into<Rc<str>>, parties: usize) -> Barrier {
        Barrier::make(Name::Given(name.into()), parties)
    }

    #[track_caller]
    fn make(name: Name, parties: usize) -> Barrier {
        assert!(parties > 0, "a barrier for 0 tasks");
        Barrier {
            parties,
            came: Rc::default(),
            waiters: Waiters::new("barrier", name),
        }
    }

    /// Waits until all have arrived. Returns true for the last one. If it is dropped before that,
    /// it does not count as arrived.
    pub fn wait(&self) -> BarrierWait {
        BarrierWait {
            barrier: self.clone(),
            waiter: None,
        }
    }

    /// How many tasks wait.
    pub fn waiting(&self) -> usize {
        self.came.get()
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Barrier({} of {} came)", self.came.get(), self.parties)
    }
}

/// The future of [`Barrier::wait`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct BarrierWait {
    barrier: Barrier,
    waiter: Option<Waiter>,
}

impl Future for BarrierWait {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if let Some(waiter) = &self.waiter {
            return match waiter.poll(context) {
                Standing::Waiting => Poll::Pending,
                Standing::Granted | Standing::Closed => Poll::Ready(false),
            };
        }
        let barrier = &self.barrier;
        if barrier.came.get() + 1 == barrier.parties {
            barrier.came.set(0);
            barrier.waiters.settle_all(Standing::Granted);
            return Poll::Ready(true);
        }
        barrier.came.update(|came| came + 1);
        self.waiter = Some(barrier.waiters.join(0, context));
        Poll::Pending
    }
}

impl Drop for BarrierWait {
    fn drop(&mut self) {
        let waits = |waiter: &Waiter| waiter.standing() == Standing::Waiting;
        if self.waiter.as_ref().is_some_and(waits) {
            self.barrier.came.update(|came| came - 1);
        }
    }
}

impl fmt::Debug for BarrierWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BarrierWait")
    }
}
