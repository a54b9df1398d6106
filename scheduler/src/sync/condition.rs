//! A condition variable: wait until another task has changed what a lock protects.

use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::lock::LockGuard;
use super::waiters::{Name, Standing, Waiter, Waiters};

/// A condition variable: tasks wait for a change of what a [`Lock`](super::Lock) protects.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, spawn};
/// use scheduler::sync::{Condition, Lock};
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let (jobs, more) = (Lock::new(Vec::new()), Condition::new());
///     let worker = spawn({
///         let (jobs, more) = (jobs.clone(), more.clone());
///         async move {
///             let guard = jobs.lock().await;
///             let mut jobs = more.wait_while(guard, |jobs| jobs.is_empty()).await;
///             jobs.pop()
///         }
///     });
///     jobs.lock().await.push("sweep");
///     more.notify_one();
///     assert_eq!(worker.await.unwrap(), Some("sweep"));
/// });
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Condition {
    waiters: Rc<Waiters>,
}

impl Condition {
    /// A condition without waiters.
    #[track_caller]
    #[expect(
        clippy::new_without_default,
        reason = "a default one would not know the place where it was made"
    )]
    pub fn new() -> Condition {
        Condition::make(Name::Place(Location::caller()))
    }

    /// A condition with a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>) -> Condition {
        Condition::make(Name::Given(name.into()))
    }

    fn make(name: Name) -> Condition {
        Condition {
            waiters: Waiters::new("condition", name),
        }
    }

    /// Releases the lock, waits for a notification, and takes the lock again.
    ///
    /// The change may be undone by then: check it, or use [`wait_while`](Condition::wait_while). If
    /// this future is dropped after it was notified, the notification goes to the next waiter.
    pub async fn wait<T>(&self, guard: LockGuard<T>) -> LockGuard<T> {
        let lock = guard.lock();
        let mut guard = Some(guard);
        let mut told = Told {
            condition: self,
            waiter: None,
            used: false,
        };
        poll_fn(|context| {
            let polled = told.poll(context);
            // After the wait has begun, so that no notification is missed.
            drop(guard.take());
            polled
        })
        .await;
        let guard = lock.lock().await;
        told.used = true;
        guard
    }

    /// Waits, repeatedly if necessary, until `waiting` returns false.
    pub async fn wait_while<T>(
        &self,
        mut guard: LockGuard<T>,
        mut waiting: impl FnMut(&mut T) -> bool,
    ) -> LockGuard<T> {
        while waiting(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// Wakes the task that has waited longest.
    pub fn notify_one(&self) {
        self.waiters.settle_first(Standing::Granted, |_| true);
    }

    /// Wakes all waiting tasks.
    pub fn notify_all(&self) {
        self.waiters.settle_all(Standing::Granted);
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.waiters.fmt(f)
    }
}

/// A wait for a notification, from its beginning until the lock is taken again.
struct Told<'a> {
    condition: &'a Condition,
    waiter: Option<Waiter>,
    used: bool,
}

impl Told<'_> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        match &self.waiter {
            None => {
                self.waiter = Some(self.condition.waiters.join(0, context));
                Poll::Pending
            }
            Some(waiter) if waiter.poll(context) == Standing::Waiting => Poll::Pending,
            Some(_) => Poll::Ready(()),
        }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        let notified = self
            .waiter
            .take()
            .is_some_and(|waiter| waiter.standing() == Standing::Granted);
        if notified && !self.used {
            self.condition.notify_one();
        }
    }
}
