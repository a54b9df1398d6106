//! Starts workers when there is work, and gives up if starts keep failing.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::core::{Abandoned, Core};
use super::slots::{Ending, Slot, Stage, State};
use super::{clock, life};
use crate::error::Error;
use crate::sync::{lock, wait, wait_until};

/// The pause after the first failed start of a process. It doubles after each further one, because
/// a process table may be full for a moment only.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The number of start attempts in a row, while there is no process, before the pool gives up. The
/// pauses add up to 0.6 s. That is longer than a short shortage, but short enough for a program
/// that can't have any worker (without descriptors, for example).
const ATTEMPTS: u32 = 6;

/// How often the pause doubles: to 320 ms, the last pause before the pool gives up. If there are
/// workers, further starts are tried at most that often.
const DOUBLINGS: u32 = ATTEMPTS - 2;

impl Core {
    /// Starts a worker, if there is more work than starting workers. If there is none and none can
    /// be started, the pool is broken.
    pub(super) fn staff(self: &Arc<Self>, state: &mut State) -> Abandoned {
        if state.starting() >= state.backlog.len() {
            return Abandoned::none();
        }
        match self.recruit(state) {
            Ok(_) => Abandoned::none(),
            Err(error) => {
                let broken = Error::PoolBroken {
                    reason: format!("cannot start a thread for a worker: {error}"),
                };
                self.close(state, broken.clone(), Some(broken))
            }
        }
    }

    /// Starts a worker, if there is a free slot and no reason to wait; returns whether it did. It
    /// fails if there is no worker at all then.
    fn recruit(self: &Arc<Self>, state: &mut State) -> io::Result<bool> {
        let health = &state.health;
        let too_early = health.not_before.is_some_and(|at| Instant::now() < at);
        let too_many_lost = health.losses > self.config.restart_limit;
        if (too_early || too_many_lost) && !state.is_vacant() {
            return Ok(false);
        }
        let mut slots = state.slots.iter().take(state.wanted);
        let Some(index) = slots.position(Slot::is_vacant) else {
            return Ok(false);
        };
        let start = |name: String, run: fn(&Arc<Core>, usize)| {
            let core = Arc::clone(self);
            let thread = thread::Builder::new().name(format!("{}-{name}", self.config.name));
            thread.spawn(move || run(&core, index))
        };
        let started = (|| {
            if state.clock.thread.is_none() {
                state.clock.thread = Some(start("clock".to_owned(), |core, _| clock::run(core))?);
            }
            start(index.to_string(), life::run)
        })();
        match started {
            Ok(thread) => {
                let slot = &mut state.slots[index];
                slot.stage = Stage::Starting { deadline: None };
                slot.thread = Some(thread);
                Ok(true)
            }
            Err(error) if state.is_vacant() => Err(error),
            // The existing workers do the job.
            Err(error) => {
                state.health.start_error = Some(Error::Spawn {
                    what: "a thread for a worker".to_owned(),
                    message: error.to_string(),
                });
                Ok(false)
            }
        }
    }

    /// A process could not be started. Returns whether the slot should try again, after a pause.
    ///
    /// No worker was lost, so the restart limit does not apply.
    pub(super) fn not_started(&self, index: usize, error: &Error) -> bool {
        let mut state = lock(&self.state);
        let alone = !state.others_have_process(index);
        state.account.counters.failed_starts += 1;
        let health = &mut state.health;
        health.start_error = Some(error.clone());
        let now = Instant::now();
        // Slots that fail at the same moment count as one attempt.
        if health.not_before.is_none_or(|at| at <= now) {
            health.failed_starts += 1;
            health.attempts = if alone { health.attempts + 1 } else { 0 };
            health.not_before = Some(now + pause(health.failed_starts));
        }
        if state.others_at_work(index) {
            // The other workers do the work. Another start is tried when they are too slow.
            drop(state);
            return self.vacate(index, false);
        }
        let abandoned = if state.health.attempts < ATTEMPTS {
            Abandoned::none()
        } else {
            let broken = Error::PoolBroken {
                reason: format!("no worker could be started in {ATTEMPTS} attempts: {error}"),
            };
            self.close(&mut state, broken.clone(), Some(broken))
        };
        // A full process table needs time.
        let until = state.health.not_before;
        while state.end.closed.is_none() {
            match wait_until(&self.changed, state, until) {
                Some(guard) => state = guard,
                None => {
                    state = lock(&self.state);
                    break;
                }
            }
        }
        let again = state.wants_successor(index, true);
        drop(state);
        abandoned.refuse();
        self.vacate(index, again)
    }

    /// A process has reached the hook.
    pub(super) fn has_started(&self, state: &mut State) {
        state.account.counters.workers_started += 1;
        state.health.failed_starts = 0;
        state.health.attempts = 0;
        state.health.not_before = None;
        state.health.start_error = None;
    }

    /// Counts a lost worker. The pool is broken if there were too many and no other worker is busy.
    pub(super) fn count_loss(&self, state: &mut State, index: usize, reason: String) -> Abandoned {
        state.health.losses += 1;
        state.account.counters.workers_lost += 1;
        let losses = state.health.losses;
        if losses <= self.config.restart_limit || state.others_at_work(index) {
            return Abandoned::none();
        }
        let broken = Error::PoolBroken {
            reason: format!("{losses} workers in a row were lost; the last: {reason}"),
        };
        self.close(state, broken.clone(), Some(broken))
    }

    /// Frees a slot, or lets it start another worker. Returns whether it starts one.
    pub(super) fn vacate(&self, index: usize, again: bool) -> bool {
        let mut state = lock(&self.state);
        let too_many_lost = state.health.losses > self.config.restart_limit;
        let again = again && !(too_many_lost && state.others_at_work(index));
        state.vacate(index, again);
        self.changed.notify_all();
        self.alarm.notify_all();
        again
    }

    /// Starts all workers, and waits until they are ready.
    pub(super) fn warm_up(self: &Arc<Self>) -> Result<(), Error> {
        let mut state = lock(&self.state);
        let spawn = |error: io::Error| Error::Spawn {
            what: "a thread for a worker".to_owned(),
            message: error.to_string(),
        };
        while state.end.closed.is_none() && self.recruit(&mut state).map_err(spawn)? {}
        while state.starting() > 0 && state.end.closed.is_none() {
            state = wait(&self.changed, state);
        }
        match (&state.end.closed, &state.health.start_error) {
            (Some(closed), _) => Err(closed.clone()),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Ok(()),
        }
    }

    /// Changes the number of workers. Surplus workers end after their current job.
    pub(super) fn resize(self: &Arc<Self>, workers: usize) {
        let mut state = lock(&self.state);
        state.wanted = workers;
        if state.slots.len() < workers {
            state.slots.resize_with(workers, Slot::default);
        }
        let surplus: Vec<_> = state
            .idle
            .iter()
            .copied()
            .filter(|&i| i >= workers)
            .collect();
        for index in surplus {
            self.retire(&mut state, index, Ending::Retired);
        }
        let mut abandoned = Abandoned::none();
        for _ in 0..state.backlog.len().min(workers) {
            abandoned = self.staff(&mut state);
        }
        drop(state);
        abandoned.refuse();
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE * (1 << failures.saturating_sub(1).min(DOUBLINGS))
}
