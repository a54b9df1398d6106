//! The sleeping tasks, by the time at which each is to be woken.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use event_loop::Clock;

use super::TaskId;

/// The longest sleep: a hundred years. An `Instant` cannot count much further.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

pub(super) struct Sleepers {
    clock: Box<dyn Clock>,
    by_time: BTreeSet<(Instant, TaskId)>,
}

impl Sleepers {
    pub(super) fn new(clock: impl Clock + 'static) -> Sleepers {
        Sleepers {
            clock: Box::new(clock),
            by_time: BTreeSet::new(),
        }
    }

    /// Adds a task. Returns when it is to be woken.
    pub(super) fn add(&mut self, task: TaskId, time: Duration) -> Instant {
        let until = self.clock.now() + time.min(LONGEST);
        self.by_time.insert((until, task));
        until
    }

    /// Removes a task that was killed.
    pub(super) fn remove(&mut self, task: TaskId, until: Instant) {
        self.by_time.remove(&(until, task));
    }

    /// Takes a task whose time has come.
    pub(super) fn next_due(&mut self) -> Option<TaskId> {
        let &(until, task) = self.by_time.first()?;
        if until > self.clock.now() {
            return None;
        }
        self.by_time.pop_first();
        Some(task)
    }

    /// How long until the next task is due; `None` if no task sleeps, or waiting does not help.
    pub(super) fn patience(&self) -> Option<Duration> {
        let &(until, _) = self.by_time.first()?;
        self.clock.until(until)
    }
}
