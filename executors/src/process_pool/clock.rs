//! The pool's clock: kills jobs that exceed their time limit, and ends idle workers.

use std::sync::Arc;
use std::time::Instant;

use super::core::Core;
use super::slots::{Ending, Slot, Stage};
use crate::sync::{lock, wait_until};

/// Sleeps until the next deadline. It ends with the pool.
pub(super) fn run(core: &Arc<Core>) {
    let mut state = lock(&core.state);
    loop {
        let mut next: Option<Instant> = None;
        state.clock.next_look = None;
        for index in 0..state.slots.len() {
            let slot = &mut state.slots[index];
            let (due, ending) = match &mut slot.stage {
                Stage::Starting { deadline } | Stage::Initializing { deadline } => {
                    (deadline, Some(Ending::StartedLate))
                }
                Stage::Busy { deadline, job, .. } => {
                    let limit = job.time_limit.unwrap_or_default();
                    (deadline, Some(Ending::Overran(limit)))
                }
                // It already has a reason.
                Stage::Leaving { deadline } => (deadline, Some(Ending::Retired)),
                Stage::Idle { deadline } => (deadline, None),
                Stage::Vacant => continue,
            };
            match *due {
                None => {}
                Some(at) if at > Instant::now() => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                }
                Some(_) => {
                    // One deadline causes one action.
                    *due = None;
                    match ending {
                        Some(ending) => slot.kill(ending),
                        None => core.retire(&mut state, index, Ending::Retired),
                    }
                }
            }
        }
        if state.end.closed.is_some() && state.slots.iter().all(Slot::is_vacant) {
            return;
        }
        // Retiring a worker has set a new deadline.
        next = [next, state.clock.next_look].into_iter().flatten().min();
        state.clock.next_look = next;
        state = match wait_until(&core.alarm, state, next) {
            Some(state) => state,
            None => lock(&core.state),
        };
    }
}
