//! `scope`: jobs that borrow from the caller's stack.
#![allow(unsafe_code, reason = "one lifetime is extended; see `Scope::spawn`")]

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::error::Error;
use crate::future::Future;
use crate::panics;
use crate::patience::Patience;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::state::State;
use crate::sync::{Condvar, Mutex, lock, wait};
use crate::thread_pool::{Core, ThreadPool};

/// Counts the jobs of a scope that still exist.
struct Latch {
    left: Mutex<usize>,
    none_left: Condvar,
}

/// One job's share in the latch. Dropping it decreases the count.
struct Share(Arc<Latch>);

impl Drop for Share {
    fn drop(&mut self) {
        let mut left = lock(&self.0.left);
        *left -= 1;
        if *left == 0 {
            // Under the lock, so that the scope still exists when it is notified.
            self.0.none_left.notify_all();
        }
    }
}

/// The owner of a scoped future. Cancelling the future frees no place in the queue, because that
/// place belongs to the wrapper around the job.
struct ScopeOwner(PoolId);

impl Owner for ScopeOwner {
    fn pool(&self) -> Option<PoolId> {
        Some(self.0)
    }
}

/// A scope for jobs that borrow; see [`ThreadPool::scope`].
pub struct Scope<'scope, 'env: 'scope> {
    core: Arc<Core>,
    latch: Arc<Latch>,
    // Invariant in both lifetimes, like `std::thread::Scope`. If one could be shortened, a job
    // could borrow a value that is dropped before the scope ends.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl ThreadPool {
    /// Runs jobs that borrow from this stack frame, and returns when all of them have ended.
    ///
    /// A panic in a job is returned by its future, as usual.
    ///
    /// # Errors
    /// [`Error::Deadlock`] in a worker of this pool: the scope would wait for itself.
    ///
    /// # Panics
    /// With the panic of `body`, if it panics. Its jobs have ended by then.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(2)?;
    /// let mut numbers = [3, 1, 2, 6, 5, 4];
    /// let (left, right) = numbers.split_at_mut(3);
    /// pool.scope(|scope| {
    ///     let left = scope.spawn(|| left.sort())?;
    ///     let right = scope.spawn(|| right.sort())?;
    ///     left.result()?;
    ///     right.result()
    /// })??;
    /// assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    /// # Ok(()) }
    /// ```
    pub fn scope<'env, R>(
        &self,
        body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    ) -> Result<R, Error> {
        if self.core().id().is_here() {
            return Err(Error::Deadlock);
        }
        let scope = Scope {
            core: Arc::clone(self.core()),
            latch: Arc::new(Latch {
                left: Mutex::new(0),
                none_left: Condvar::new(),
            }),
            scope: PhantomData,
            env: PhantomData,
        };
        let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
        let mut left = lock(&scope.latch.left);
        while *left > 0 {
            left = wait(&scope.latch.none_left, left);
        }
        drop(left);
        Ok(result.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Submits a job that may borrow everything that outlives the scope. If the queue is full, it
    /// blocks.
    ///
    /// # Errors
    /// As [`Executor::submit`](crate::Executor::submit).
    pub fn spawn<T: Send + 'scope>(
        &'scope self,
        call: impl FnOnce() -> T + Send + 'scope,
    ) -> Result<Future<T>, Error> {
        let outcome = Arc::new(State::default());
        *lock(&self.latch.left) += 1;
        let share = Share(Arc::clone(&self.latch));
        let job: Box<dyn FnOnce() + Send + 'scope> = Box::new({
            let outcome = Outcome(Arc::clone(&outcome));
            move || outcome.run(call)
        });
        // SAFETY: only the lifetime changes. `job`, with everything that it borrows, is dropped
        // before `share`, in every case: when it is called (a `FnOnce` drops its captured values
        // before it returns), or when it is dropped with the queue (`Wrapped` drops its fields in
        // order). `scope` returns only when every share is dropped, and it can't be left earlier,
        // because a panic of its body is caught. So `job` never outlives 'scope.
        let job = unsafe {
            mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Box<dyn FnOnce() + Send>>(job)
        };
        let wrapped = Wrapped { job, _share: share };
        let queued = self
            .core
            .enqueue(Patience::Forever, || move || wrapped.run())?;
        // The wrapper can't be cancelled. The scope waits for it in any case.
        drop(queued);
        let owner = Arc::new(ScopeOwner(self.core.id()));
        Ok(Future::new(outcome, owner))
    }
}

/// A job, and then its share in the latch: they are dropped in that order.
struct Wrapped {
    job: Box<dyn FnOnce() + Send>,
    _share: Share,
}

impl Wrapped {
    fn run(self) {
        let Self { job, _share } = self;
        job();
    }
}

/// Finishes the future in every case. A job that is dropped without running was cancelled.
struct Outcome<T>(Arc<State<T>>);

impl<T> Outcome<T> {
    fn run(self, call: impl FnOnce() -> T) {
        if self.0.claim() {
            self.0.finish(panics::catch(call).map_err(Error::from));
        }
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        self.0.refuse(Error::Cancelled, || ());
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("left", &*lock(&self.latch.left))
            .finish_non_exhaustive()
    }
}
