//! Calls from other threads.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use event_loop::Waker;

use crate::{Error, Reactor};

/// How many calls from other threads may wait.
pub const CALL_LIMIT: usize = 8192;

type Call = Box<dyn FnOnce(&Reactor) + Send>;

/// A handle of a reactor for other threads.
#[derive(Clone)]
pub struct Remote {
    shared: Arc<Shared>,
}

struct Shared {
    /// `None` when the reactor was dropped.
    calls: Mutex<Option<Vec<Call>>>,
    waker: Waker,
}

impl Remote {
    pub(crate) fn new(waker: Waker) -> Remote {
        let calls = Mutex::new(Some(Vec::new()));
        Remote {
            shared: Arc::new(Shared { calls, waker }),
        }
    }

    /// Makes `call` on the reactor's thread, soon. Calls of one thread keep their order.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when [8192](CALL_LIMIT) wait already, [`Error::ReactorGone`].
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::Reactor;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let remote = reactor.remote();
    /// std::thread::spawn(move || remote.call_from_thread(|reactor| reactor.stop()));
    /// reactor.run()
    /// # }
    /// ```
    pub fn call_from_thread(
        &self,
        call: impl FnOnce(&Reactor) + Send + 'static,
    ) -> Result<(), Error> {
        let mut calls = self.calls();
        let waiting = calls.as_mut().ok_or(Error::ReactorGone)?;
        if waiting.len() >= CALL_LIMIT {
            return Err(Error::Full {
                what: "calls from threads",
                limit: CALL_LIMIT,
            });
        }
        waiting.push(Box::new(call));
        drop(calls);
        self.shared.waker.wake();
        Ok(())
    }

    pub(crate) fn take(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn has_calls(&self) -> bool {
        self.calls().as_ref().is_some_and(|calls| !calls.is_empty())
    }

    pub(crate) fn close(&self) {
        // Dropped when the lock is free again: a call may own a remote.
        let calls = self.calls().take();
        drop(calls);
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Option<Vec<Call>>> {
        self.shared
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}

impl Reactor {
    /// A handle for other threads.
    pub fn remote(&self) -> Remote {
        self.inner.remote.clone()
    }
}
