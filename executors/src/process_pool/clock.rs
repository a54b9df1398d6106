//! The pool's clock: kills what takes too long, and sends home who has nothing to do.

use std::sync::Arc;
use std::time::Instant;

use super::core::{Core, Stage, Verdict};
use crate::sync::{lock, wait_until};

/// Sleeps until the next deadline there is; ends with the pool.
pub(super) fn run(core: &Arc<Core>) {
    let mut state = lock(&core.state);
    loop {
        let mut next: Option<Instant> = None;
        for index in 0..state.slots.len() {
            let slot = &mut state.slots[index];
            let (due, verdict) = match &mut slot.stage {
                Stage::Starting { deadline } => (deadline, Some(Verdict::StartedLate)),
                Stage::Busy { deadline, .. } => (deadline, Some(Verdict::Overran)),
                Stage::Idle { deadline } => (deadline, None),
                Stage::Vacant | Stage::Leaving => continue,
            };
            match *due {
                None => {}
                Some(at) if at > Instant::now() => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                }
                Some(_) => {
                    // Once is enough.
                    *due = None;
                    match verdict {
                        Some(verdict) => slot.kill(verdict),
                        None => state.retire_idle(index),
                    }
                }
            }
        }
        if state.closed.is_some() && state.slots.iter().all(|s| matches!(s.stage, Stage::Vacant)) {
            return;
        }
        state.next_look = next;
        state = match wait_until(&core.alarm, state, next) {
            Some(state) => state,
            None => lock(&core.state),
        };
    }
}
