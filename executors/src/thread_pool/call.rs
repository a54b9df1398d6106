//! An entry of a thread pool's queue: a closure, and the state of its future.

use std::sync::Arc;

use super::Core;
use crate::backlog::Pending;
use crate::error::Error;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::state::State;
use crate::sync::{Mutex, lock};
use crate::{panics, span};

/// A job of any kind, for the pool's threads.
pub(crate) trait Task: Send + Sync {
    /// Claims it for a worker. False if it was cancelled.
    fn claim(&self) -> bool;
    /// Runs the claimed job.
    fn run(&self);
    fn is_pending(&self) -> bool;
    /// Ends it with an error, unless it was claimed.
    fn refuse(&self, error: Error);
}

impl Pending for Arc<dyn Task> {
    fn is_pending(&self) -> bool {
        (**self).is_pending()
    }
}

/// A closure that waits for a thread.
pub(super) struct Call<T, F> {
    state: Arc<State<T>>,
    /// The closure, until it is run or cancelled.
    closure: Mutex<Option<F>>,
    core: Arc<Core>,
}

impl<T, F> Call<T, F> {
    pub(super) fn new(state: Arc<State<T>>, closure: F, core: Arc<Core>) -> Self {
        Self {
            state,
            closure: Mutex::new(Some(closure)),
            core,
        }
    }

    fn take(&self) -> Option<F> {
        lock(&self.closure).take()
    }
}

impl<T: Send, F: FnOnce() -> T + Send> Task for Call<T, F> {
    fn claim(&self) -> bool {
        self.state.claim()
    }

    fn run(&self) {
        if let Some(closure) = self.take() {
            let result = span::job(|| panics::catch(closure));
            self.state.finish(result.map_err(Error::from));
        }
    }

    fn is_pending(&self) -> bool {
        self.state.is_pending()
    }

    fn refuse(&self, error: Error) {
        self.state.refuse(error, || drop(self.take()));
    }
}

impl<T: Send, F: Send> Owner for Call<T, F> {
    fn cancelled(&self) {
        self.core.note_cancelled();
        drop(self.take());
    }

    fn pool(&self) -> Option<PoolId> {
        Some(self.core.id())
    }
}
