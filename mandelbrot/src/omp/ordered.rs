//! `ordered`: a part of each turn of a loop that runs in the order of the turns.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::handout::Loop;
use super::panics;
use super::thread::Team;

/// How often a thread that waits for its turn checks whether another thread has panicked.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The turns whose ordered part is done.
#[derive(Default)]
pub(super) struct Order {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of done turns from the first on.
    done: usize,
    /// Later turns that ended without waiting for their place in the order.
    ahead: std::collections::BTreeSet<usize>,
}

impl Order {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds this.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, place: usize, team: &Team) {
        let mut state = self.lock();
        while state.done != place {
            if team.is_aborted() {
                drop(state);
                panics::abort();
            }
            let waited = self.changed.wait_timeout(state, LOOK_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn finish(&self, place: usize) {
        let mut state = self.lock();
        state.ahead.insert(place);
        while let Some(first) = state.ahead.first().copied().filter(|&it| it == state.done) {
            state.ahead.remove(&first);
            state.done += 1;
        }
        self.changed.notify_all();
    }
}

/// A thread's turns of a loop, each with its [`Turn`].
#[must_use = "a loop's turns are taken by iterating over it"]
pub struct OrderedLoop<'t> {
    pub(super) team: &'t Team,
    pub(super) turns: Loop<'t>,
    pub(super) start: usize,
    pub(super) order: Arc<Order>,
}

impl<'t> Iterator for OrderedLoop<'t> {
    type Item = Turn<'t>;

    fn next(&mut self) -> Option<Turn<'t>> {
        let index = self.turns.next()?;
        Some(Turn {
            team: self.team,
            index,
            place: index - self.start,
            order: Arc::clone(&self.order),
        })
    }
}

impl Drop for OrderedLoop<'_> {
    /// If the loop is left early, other threads must not wait for the turns of this thread.
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.team.is_aborted() {
            for index in self.turns.own_rest() {
                self.order.finish(index - self.start);
            }
        }
    }
}

/// One turn of an [`OrderedLoop`]. When it is dropped, the next turn's ordered part may run.
pub struct Turn<'t> {
    team: &'t Team,
    index: usize,
    place: usize,
    order: Arc<Order>,
}

impl Turn<'_> {
    /// The number of the turn.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Runs `work` after the ordered parts of all turns before, and ends the turn.
    pub fn ordered<R>(self, work: impl FnOnce() -> R) -> R {
        self.order.wait_for(self.place, self.team);
        work()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.order.finish(self.place);
    }
}
