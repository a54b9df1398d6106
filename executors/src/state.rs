//! The state of one job, shared by its future and its executor.
//!
//! ```text
//!            claim             finish
//!  Pending ---------> Running --------> Done --> Taken
//!     |  ^--------------'                ^
//!     |      requeue                     |
//!     '----------------------------------'
//!          cancel (done, with an error)
//! ```
//!
//! Every transition out of `Pending` and `Running` takes the one mutex, so exactly one of claim and
//! cancel succeeds. Callbacks run before the result is published: when a wait for a future ends,
//! its callbacks have run. No user code runs under the lock.
//!
//! This module does not know the job's code, or where it runs.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::error::Error;
use crate::gate::Gate;
use crate::panics;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Condvar, Mutex, lock, spin_until, wait_until};

/// A function that runs once, with the result, before it is published.
pub(crate) type Callback<T> = Box<dyn FnOnce(&Result<T, Error>) + Send>;

enum Stage<T> {
    Pending,
    /// Claimed: by a worker, or by a thread that is about to end it with an error.
    Running,
    Done(Result<T, Error>),
    Taken,
}

struct Inner<T> {
    stage: Stage<T>,
    callbacks: Vec<Callback<T>>,
    waker: Option<Waker>,
    watchers: Vec<(usize, Arc<Gate>)>,
    /// The number of threads that sleep on `finished`. If it is zero, finishing makes no system
    /// call.
    sleepers: usize,
}

pub(crate) struct State<T> {
    /// Set when the stage is `Done`; read without the lock.
    done: AtomicBool,
    inner: Mutex<Inner<T>>,
    finished: Condvar,
}

// Not derived: `T` needs no default, and loom's locks have none.
impl<T> Default for State<T> {
    /// The state of a pending job.
    fn default() -> Self {
        Self {
            done: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                stage: Stage::Pending,
                callbacks: Vec::new(),
                waker: None,
                watchers: Vec::new(),
                sleepers: 0,
            }),
            finished: Condvar::new(),
        }
    }
}

impl<T> State<T> {
    /// Claims the job. False if it was claimed or cancelled before.
    pub(crate) fn claim(&self) -> bool {
        let mut inner = lock(&self.inner);
        let pending = matches!(inner.stage, Stage::Pending);
        if pending {
            inner.stage = Stage::Running;
        }
        pending
    }

    /// Takes the claim back: the job was not started, or will be started again.
    pub(crate) fn requeue(&self) {
        lock(&self.inner).stage = Stage::Pending;
    }

    /// Publishes the result of a claimed job.
    pub(crate) fn finish(&self, result: Result<T, Error>) {
        let mut inner = lock(&self.inner);
        debug_assert!(matches!(inner.stage, Stage::Running));
        while !inner.callbacks.is_empty() {
            let callbacks = mem::take(&mut inner.callbacks);
            drop(inner);
            for callback in callbacks {
                // The result must be published even if a callback panics.
                panics::contain(|| callback(&result));
            }
            inner = lock(&self.inner);
        }
        let failed = result.is_err();
        inner.stage = Stage::Done(result);
        self.done.store(true, Ordering::Release);
        let sleepers = inner.sleepers;
        let waker = inner.waker.take();
        let watchers = mem::take(&mut inner.watchers);
        drop(inner);
        if sleepers > 0 {
            self.finished.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        for (index, gate) in watchers {
            gate.arrive(index, failed);
        }
    }

    /// Ends a job that has not started with an error. Before that, `release` frees the job's data
    /// at once, not later when its turn in the queue comes. False if the job has started.
    pub(crate) fn refuse(&self, error: Error, release: impl FnOnce()) -> bool {
        let refused = self.claim();
        if refused {
            panics::contain(release);
            self.finish(Err(error));
        }
        refused
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(lock(&self.inner).stage, Stage::Pending)
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(lock(&self.inner).stage, Stage::Running)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(lock(&self.inner).stage, Stage::Done(Err(Error::Cancelled)))
    }

    /// The result, if there is one; from the second call on [`Error::Taken`].
    pub(crate) fn take(&self) -> Option<Result<T, Error>> {
        let mut inner = lock(&self.inner);
        match inner.stage {
            Stage::Pending | Stage::Running => None,
            Stage::Taken => Some(Err(Error::Taken)),
            Stage::Done(_) => match mem::replace(&mut inner.stage, Stage::Taken) {
                Stage::Done(result) => Some(result),
                _ => None,
            },
        }
    }

    /// Puts the result of [`take`](Self::take) back.
    fn put_back(&self, result: Result<T, Error>) {
        if !matches!(result, Err(Error::Taken)) {
            lock(&self.inner).stage = Stage::Done(result);
        }
    }

    /// Blocks until the job is done, or the deadline has passed (false). Before it sleeps, it calls
    /// `help` repeatedly, and then `rest`.
    pub(crate) fn wait(
        &self,
        deadline: Option<Instant>,
        help: impl Fn(),
        rest: impl FnOnce(),
    ) -> bool {
        let done = spin_until(|| {
            self.is_done() || {
                help();
                self.is_done()
            }
        });
        if done {
            return true;
        }
        rest();
        let mut inner = lock(&self.inner);
        while !self.is_done() {
            inner.sleepers += 1;
            match wait_until(&self.finished, inner, deadline) {
                Some(guard) => inner = guard,
                None => {
                    lock(&self.inner).sleepers -= 1;
                    return self.is_done();
                }
            }
            inner.sleepers -= 1;
        }
        true
    }

    /// Like [`std::future::Future::poll`]. Only the last waker is woken.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Result<T, Error>> {
        if !self.is_done() {
            let mut inner = lock(&self.inner);
            if !self.is_done() {
                let stale = match &mut inner.waker {
                    Some(waker) if waker.will_wake(context.waker()) => None,
                    waker => waker.replace(context.waker().clone()),
                };
                drop(inner);
                // Dropping a waker may run code of a runtime.
                drop(stale);
                return Poll::Pending;
            }
        }
        match self.take() {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }

    /// Runs `callback` when the job is done; if it is done already, at once on this thread.
    ///
    /// Only the owner of the future calls this, so no other thread can take the result meanwhile.
    pub(crate) fn on_done(&self, callback: Callback<T>) {
        let mut inner = lock(&self.inner);
        if !self.is_done() {
            inner.callbacks.push(callback);
            return;
        }
        drop(inner);
        if let Some(result) = self.take() {
            panics::contain(|| callback(&result));
            self.put_back(result);
        }
    }

    /// Notifies `gate`, once, when the job is done; at once if it is done already.
    pub(crate) fn watch(&self, index: usize, gate: &Arc<Gate>) {
        let mut inner = lock(&self.inner);
        let failed = match &inner.stage {
            Stage::Pending | Stage::Running => {
                inner.watchers.push((index, Arc::clone(gate)));
                return;
            }
            Stage::Done(result) => result.is_err(),
            Stage::Taken => false,
        };
        drop(inner);
        gate.arrive(index, failed);
    }

    /// Undoes [`watch`](Self::watch), so that repeated waits leave nothing behind.
    pub(crate) fn unwatch(&self, gate: &Arc<Gate>) {
        lock(&self.inner)
            .watchers
            .retain(|(_, other)| !Arc::ptr_eq(other, gate));
    }
}

#[cfg(all(test, loom))]
mod loom_models;
