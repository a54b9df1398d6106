//! A condition: wait until another task has changed what a lock protects.

use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::lock::LockGuard;
use super::waiters::{Name, Standing, Waiter, Waiters};

/// Lets tasks wait for a change of what a [`Lock`](super::Lock) protects.
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
    /// Nobody waits for it yet.
    #[track_caller]
    #[expect(
        clippy::new_without_default,
        reason = "it is named by where it is made"
    )]
    pub fn new() -> Condition {
        Condition::make(Name::Place(Location::caller()))
    }

    /// With a name for the report of a deadlock.
    pub fn named(name: impl Into<Rc<str>>) -> Condition {
        Condition::make(Name::Given(name.into()))
    }

    fn make(name: Name) -> Condition {
        Condition {
            waiters: Waiters::new("condition", name),
        }
    }

    /// Gives the lock back, waits to be notified, and takes the lock again.
    ///
    /// What was waited for may be gone by then: look, or use
    /// [`wait_while`](Condition::wait_while). A wait that is given up after it was notified passes
    /// the notification on.
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
            // After the wait has begun: no notification is missed.
            drop(guard.take());
            polled
        })
        .await;
        let guard = lock.lock().await;
        told.used = true;
        guard
    }

    /// Waits, as often as need be, until `waiting` says no.
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

    /// Wakes the task that has waited for longest.
    pub fn notify_one(&self) {
        self.waiters.settle_first(Standing::Granted, |_| true);
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.waiters.settle_all(Standing::Granted);
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.waiters.fmt(f)
    }
}

/// A wait for a notification, from its begin until the lock is taken again.
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
