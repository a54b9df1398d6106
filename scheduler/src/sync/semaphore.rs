//! A semaphore: at most `n` tasks hold a permit at once.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::waiters::{Name, Standing, Waiter, Waiters};
use crate::executor::budget;

/// Permits and their queue. The semaphore, the locks and the channel are made of these.
#[derive(Debug)]
pub(super) struct Permits {
    free: Cell<usize>,
    closed: Cell<bool>,
    waiters: Rc<Waiters>,
}

impl Permits {
    pub(super) fn new(what: &'static str, name: Name, free: usize) -> Rc<Permits> {
        Rc::new(Permits {
            free: Cell::new(free),
            closed: Cell::new(false),
            waiters: Waiters::new(what, name),
        })
    }

    /// Tells the waiting tasks that they will not be served any more.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.waiters.settle_all(Standing::Closed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(super) fn release(&self, count: usize) {
        self.free.update(|free| free + count);
        self.serve();
    }

    /// Serves the queue in order. A task that wants many permits holds back those behind it.
    fn serve(&self) {
        let take = |wants| {
            let left = self.free.get().checked_sub(wants);
            left.map(|left| self.free.set(left)).is_some()
        };
        while self.waiters.settle_first(Standing::Granted, take) {}
    }

    /// Takes permits at once. Returns false if it cannot.
    pub(super) fn try_take(&self, count: usize) -> bool {
        let there = self.waiters.is_empty() && self.free.get() >= count;
        if there {
            self.free.update(|free| free - count);
        }
        there
    }

    /// Waits for permits; `Err` if it is closed and there are none.
    pub(super) fn take(self: &Rc<Self>, count: usize) -> Take {
        Take {
            permits: Rc::clone(self),
            count,
            waiter: None,
        }
    }
}

/// A wait for permits. The task that gets them must release them.
pub(super) struct Take {
    permits: Rc<Permits>,
    count: usize,
    waiter: Option<Waiter>,
}

impl Future for Take {
    type Output = Result<(), ()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), ()>> {
        let standing = match &self.waiter {
            Some(waiter) => waiter.poll(context),
            None => {
                ready!(budget::spend(context));
                if self.permits.try_take(self.count) {
                    Standing::Granted
                } else if self.permits.is_closed() {
                    Standing::Closed
                } else {
                    self.waiter = Some(self.permits.waiters.join(self.count, context));
                    Standing::Waiting
                }
            }
        };
        match standing {
            Standing::Waiting => Poll::Pending,
            Standing::Granted => {
                self.waiter = None;
                Poll::Ready(Ok(()))
            }
            Standing::Closed => {
                self.waiter = None;
                Poll::Ready(Err(()))
            }
        }
    }
}

impl Drop for Take {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else {
            return;
        };
        let standing = waiter.standing();
        drop(waiter);
        match standing {
            // The tasks behind this one may want fewer.
            Standing::Waiting => self.permits.serve(),
            Standing::Granted => self.permits.release(self.count),
            Standing::Closed => {}
        }
    }
}

/// A semaphore: at most `n` tasks hold a permit at once. The others wait, first come, first served.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use scheduler::executor::{Executor, scope, yield_now};
/// use scheduler::sync::Semaphore;
///
/// # fn main() -> std::io::Result<()> {
/// let (inside, most) = (Cell::new(0), Cell::new(0));
/// let two = Semaphore::new(2);
/// Executor::new()?.block_on(scope(async |scope| {
///     for _ in 0..10 {
///         scope.spawn(async {
///             let _permit = two.acquire(1).await;
///             inside.update(|inside| inside + 1);
///             most.update(|most| inside.get().max(most));
///             yield_now().await;
///             inside.update(|inside| inside - 1);
///         });
///     }
/// }));
/// assert_eq!((inside.get(), most.get(), two.free()), (0, 2, 2));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Semaphore {
    permits: Rc<Permits>,
    total: usize,
}

impl Semaphore {
    /// A semaphore with this many permits.
    #[track_caller]
    pub fn new(permits: usize) -> Semaphore {
        Semaphore::make(Name::Place(Location::caller()), permits)
    }

    /// A semaphore with a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>, permits: usize) -> Semaphore {
        Semaphore::make(Name::Given(name.into()), permits)
    }

    fn make(name: Name, total: usize) -> Semaphore {
        Semaphore::called("semaphore", name, total)
    }

    /// The semaphore inside a lock.
    pub(super) fn called(what: &'static str, name: Name, total: usize) -> Semaphore {
        Semaphore {
            permits: Permits::new(what, name, total),
            total,
        }
    }

    /// Waits for `count` permits, all at once.
    ///
    /// # Panics
    ///
    /// If the semaphore has fewer permits in all, so that it would wait for ever.
    #[track_caller]
    pub fn acquire(&self, count: usize) -> Acquire {
        let total = self.total;
        assert!(
            count <= total,
            "{count} permits of {total} would never come"
        );
        Acquire {
            take: self.permits.take(count),
        }
    }

    /// Takes permits if there are enough and no task waits for them.
    pub fn try_acquire(&self, count: usize) -> Option<Permit> {
        let taken = self.permits.try_take(count);
        taken.then(|| Permit::new(Rc::clone(&self.permits), count))
    }

    /// How many permits are free.
    pub fn free(&self) -> usize {
        self.permits.free.get()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Semaphore({} of {} free)", self.free(), self.total)
    }
}

/// The future of [`Semaphore::acquire`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Acquire {
    take: Take,
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        let take = &mut self.take;
        // A semaphore is never closed.
        let taken = Pin::new(&mut *take).poll(context);
        taken.map(|_| Permit::new(Rc::clone(&take.permits), take.count))
    }
}

impl fmt::Debug for Acquire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acquire")
    }
}

/// Permits of a [`Semaphore`]. Dropping this returns them.
#[must_use = "the permits are given back when this is dropped"]
pub struct Permit {
    permits: Rc<Permits>,
    count: usize,
    holder: usize,
}

impl Permit {
    fn new(permits: Rc<Permits>, count: usize) -> Permit {
        Permit {
            holder: permits.waiters.add_holder(),
            permits,
            count,
        }
    }

    /// The semaphore that these permits belong to.
    pub(super) fn semaphore(&self, total: usize) -> Semaphore {
        Semaphore {
            permits: Rc::clone(&self.permits),
            total,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.waiters.remove_holder(self.holder);
        self.permits.release(self.count);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({})", self.count)
    }
}
