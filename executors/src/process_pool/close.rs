//! The end of a pool (shut down, killed, or broken), and its restart.

use std::time::Instant;

use super::core::{Abandoned, Core};
use super::slots::{Ending, Health, PoolEnd, State};
use crate::at_exit::Closable;
use crate::error::Error;
use crate::sync::{lock, wait};

impl Core {
    /// Stops accepting jobs. With `abandon`, pending jobs end with that error.
    pub(super) fn close(
        &self,
        state: &mut State,
        reason: Error,
        abandon: Option<Error>,
    ) -> Abandoned {
        // "Broken" has precedence over "shut down".
        let shut_down = matches!(state.end.closed, None | Some(Error::ShutDown));
        if state.end.closed.is_none() || (shut_down && reason != Error::ShutDown) {
            state.end.closed = Some(reason);
        }
        let abandoned = match abandon {
            None => Abandoned::none(),
            Some(error) => {
                state.end.abandoned.get_or_insert(error.clone());
                let jobs: Vec<_> = state.backlog.drain().into_iter().collect();
                state.account.counters.cancelled += jobs.len() as u64;
                Abandoned::new(jobs, error)
            }
        };
        for index in std::mem::take(&mut state.idle) {
            self.retire(state, index, Ending::Retired);
        }
        self.room.notify_all();
        self.changed.notify_all();
        self.alarm.notify_all();
        abandoned
    }

    /// Closes the pool, and waits for its workers if `wait` is true.
    pub(super) fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        let mut state = lock(&self.state);
        let abandon = cancel_pending.then_some(Error::Cancelled);
        let abandoned = self.close(&mut state, Error::ShutDown, abandon);
        drop(state);
        abandoned.refuse();
        if wait { self.wait_for_end() } else { Ok(()) }
    }

    /// Kills every worker, and waits until they have ended.
    pub(super) fn kill(&self) -> Result<(), Error> {
        let mut state = lock(&self.state);
        let abandoned = self.close(&mut state, Error::ShutDown, Some(Error::Cancelled));
        for slot in &mut state.slots {
            if !slot.is_vacant() {
                slot.kill(Ending::Killed);
            }
        }
        drop(state);
        abandoned.refuse();
        self.wait_for_end()
    }

    fn wait_for_end(&self) -> Result<(), Error> {
        if self.id.is_here() {
            return Err(Error::Deadlock);
        }
        let mut state = lock(&self.state);
        while !state.is_vacant() {
            state = wait(&self.changed, state);
        }
        let mut threads: Vec<_> = state.clock.thread.take().into_iter().collect();
        threads.extend(state.slots.iter_mut().filter_map(|slot| slot.thread.take()));
        drop(state);
        self.alarm.notify_all();
        for thread in threads {
            // These threads catch all panics of callbacks, so `join` does not fail.
            let _ = thread.join();
        }
        Ok(())
    }

    /// Waits for the end of a closed pool, and opens it again.
    pub(super) fn reopen(&self) -> Result<(), Error> {
        if lock(&self.state).end.closed.is_none() {
            return Ok(());
        }
        self.wait_for_end()?;
        let mut state = lock(&self.state);
        state.end = PoolEnd::default();
        state.health = Health::default();
        state.clock.next_look = None::<Instant>;
        Ok(())
    }
}

impl Closable for Core {
    fn close(&self, cancel_pending: bool) {
        // A thread of the pool must not wait for itself.
        let _ = self.shutdown(true, cancel_pending);
    }
}
