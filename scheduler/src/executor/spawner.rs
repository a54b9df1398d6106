//! Spawns tasks from other threads.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::core::Shared;
use super::join_handle::{JoinError, Panic};
use super::loom_or_std::Ordering;
use super::{Executor, spawn};

/// How many futures from other threads may wait to become tasks.
pub const SPAWN_LIMIT: usize = 8192;

/// Starts tasks on an executor, from any thread. Made by [`Executor::spawner`].
///
/// While a spawner exists, the executor waits for the tasks that it may bring, and reports no
/// [deadlock](super::Deadlock).
pub struct Spawner {
    shared: Arc<Shared>,
}

/// Why a [`Spawner`] did not start a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The executor has been dropped.
    #[error("the executor is gone")]
    Gone,
    /// Too many futures wait already.
    #[error("{} futures wait already to become tasks", SPAWN_LIMIT)]
    Full,
}

impl Executor {
    /// A spawner for other threads, as asyncio's `run_coroutine_threadsafe`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{rc::Rc, thread};
    ///
    /// use scheduler::executor::{Executor, yield_now};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = Executor::new()?;
    /// let spawner = executor.spawner();
    /// let asking = thread::spawn(move || {
    ///     // The closure moves to the executor's thread. The future that it makes need not be Send.
    ///     let task = spawner.spawn(|| async {
    ///         let local = Rc::new(6);
    ///         yield_now().await;
    ///         *local * 7
    ///     });
    ///     task.map(|task| task.join())
    /// });
    /// executor.run().map_err(std::io::Error::other)?;
    /// while !asking.is_finished() {
    ///     executor.run().map_err(std::io::Error::other)?;
    /// }
    /// assert!(matches!(asking.join(), Ok(Ok(Ok(42)))));
    /// # Ok(()) }
    /// ```
    pub fn spawner(&self) -> Spawner {
        Spawner::new(Arc::clone(self.inner.core.shared()))
    }
}

impl Spawner {
    fn new(shared: Arc<Shared>) -> Spawner {
        shared.spawners.fetch_add(1, Ordering::AcqRel);
        Spawner { shared }
    }

    /// Starts a task on the executor's thread, with the future that `make` makes there. It runs
    /// when the executor runs. The calling thread does not wait for it, so `make` and the future own
    /// everything that they use (`'static`).
    ///
    /// # Errors
    ///
    /// When the executor was dropped, or [8192](SPAWN_LIMIT) futures wait already.
    pub fn spawn<F>(
        &self,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Remote<F::Output>, SpawnError>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let answer = Answer::default();
        let mut setter = Setter(answer.clone(), Err(JoinError::Cancelled));
        let call = move || {
            let task = spawn(async move {
                let made = catch_unwind(AssertUnwindSafe(make));
                setter.set(match made {
                    Ok(future) => Catch(Box::pin(future)).await,
                    Err(panic) => Err(panic),
                });
            });
            drop(task);
        };
        let mut inbox = self.shared.inbox();
        let calls = inbox.calls.as_mut().ok_or(SpawnError::Gone)?;
        if calls.len() >= SPAWN_LIMIT {
            return Err(SpawnError::Full);
        }
        calls.push(Box::new(call));
        self.shared.posted();
        drop(inbox);
        self.shared.ring();
        Ok(Remote { answer })
    }
}

impl Clone for Spawner {
    fn clone(&self) -> Spawner {
        Spawner::new(Arc::clone(&self.shared))
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        if self.shared.spawners.fetch_sub(1, Ordering::AcqRel) == 1 {
            // The executor may have waited for this spawner only, so it must look for a deadlock.
            self.shared.ring();
        }
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner")
    }
}

/// A future that gives a panic as its output.
struct Catch<F>(Pin<Box<F>>);

impl<F: Future> Future for Catch<F> {
    type Output = std::thread::Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// The result of a task on another thread: await it, or wait for it. Dropping it detaches the task.
///
/// # Panics
///
/// If it is awaited again after it has given its result.
#[must_use = "dropping it detaches the task; write `drop` if that is meant"]
pub struct Remote<T> {
    answer: Answer<T>,
}

impl<T> Remote<T> {
    /// Blocks this thread until the task has ended. Do not call it on the executor's own thread,
    /// where it would wait for ever: await it there.
    ///
    /// # Errors
    ///
    /// When the task panicked, or its executor was dropped before it ended.
    pub fn join(self) -> Result<T, JoinError> {
        let (state, told) = &*self.answer.0;
        let mut state = lock(state);
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::There(result) => return result,
                State::Taken => panic!("{TAKEN}"),
                waiting => *state = waiting,
            }
            state = told.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        !matches!(*lock(&self.answer.0.0), State::Awaited(_))
    }
}

const TAKEN: &str = "this task has given its result before";

impl<T> Unpin for Remote<T> {}

impl<T> Future for Remote<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = context.waker().clone();
        let mut state = lock(&self.answer.0.0);
        match std::mem::replace(&mut *state, State::Taken) {
            State::There(result) => Poll::Ready(result),
            State::Taken => panic!("{TAKEN}"),
            State::Awaited(old) => {
                *state = State::Awaited(Some(waker));
                drop(state);
                drop(old);
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Remote<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote(finished: {})", self.is_finished())
    }
}

/// Takes the result from one thread to the other.
struct Answer<T>(Arc<(Mutex<State<T>>, Condvar)>);

enum State<T> {
    Awaited(Option<Waker>),
    There(Result<T, JoinError>),
    Taken,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Answer(Arc::new((Mutex::new(State::Awaited(None)), Condvar::new())))
    }
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Answer(Arc::clone(&self.0))
    }
}

/// Sets the result when it is dropped. Without a result, that is `Cancelled`.
struct Setter<T>(Answer<T>, Result<T, JoinError>);

impl<T> Setter<T> {
    fn set(&mut self, result: std::thread::Result<T>) {
        self.1 = result.map_err(|panic| JoinError::Panicked(Panic::new(panic)));
    }
}

impl<T> Drop for Setter<T> {
    fn drop(&mut self) {
        let result = std::mem::replace(&mut self.1, Err(JoinError::Cancelled));
        let (state, told) = &*self.0.0;
        let before = std::mem::replace(&mut *lock(state), State::There(result));
        told.notify_all();
        if let State::Awaited(Some(waker)) = before {
            waker.wake();
        }
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    // Nothing panics under this lock, except taking the result twice.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
