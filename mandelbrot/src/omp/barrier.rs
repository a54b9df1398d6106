//! A barrier at which no thread waits forever.
//!
//! Each thread of a team calls `wait`. A thread that ends calls `leave`, and one that panics calls
//! `abort`. Then a wait of the others ends with an error.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The place where the threads of a team wait for each other.
pub(super) struct Barrier {
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of waiting threads.
    waiting: usize,
    /// The number of completed meetings.
    meetings: usize,
    /// The number of threads that have left the region: they do not come any more.
    gone: usize,
    /// Whether a thread left by a panic.
    aborted: bool,
    /// The kind of meeting that the threads wait at.
    at: Option<Meeting>,
}

/// A kind of meeting: the reason why the threads of a team wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    Barrier,
    Single,
    Reduction,
}

impl fmt::Display for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Meeting::Barrier => "barrier",
            Meeting::Single => "single",
            Meeting::Reduction => "reduction",
        })
    }
}

/// The reason why a wait ended without all threads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Another thread panicked.
    Aborted,
    /// Another thread reached the end of the region.
    Deserted,
    /// Another thread waits at a different kind of meeting.
    Elsewhere(Meeting),
}

impl Barrier {
    pub(super) fn new(size: usize) -> Barrier {
        Barrier {
            size,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until all threads of the team wait here.
    pub(super) fn wait(&self, what: Meeting) -> Result<(), Broken> {
        let mut state = self.lock();
        let meeting = state.meetings;
        let at = *state.at.get_or_insert(what);
        if at != what {
            return Err(Broken::Elsewhere(at));
        }
        state.waiting += 1;
        if state.waiting == self.size {
            state.waiting = 0;
            state.at = None;
            state.meetings += 1;
            self.changed.notify_all();
            return Ok(());
        }
        loop {
            // Check this first: a completed meeting stays valid whatever happens later.
            if state.meetings != meeting {
                return Ok(());
            }
            if state.aborted {
                return Err(Broken::Aborted);
            }
            if state.gone > 0 {
                return Err(Broken::Deserted);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Declares that the calling thread does not come any more.
    pub(super) fn leave(&self) {
        self.lock().gone += 1;
        self.changed.notify_all();
    }

    /// Ends all waits, now and later.
    pub(super) fn abort(&self) {
        self.lock().aborted = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn nobody_passes_before_all_have_come() {
        let barrier = Barrier::new(4);
        let come = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 1..=1000 {
                        come.fetch_add(1, Ordering::SeqCst);
                        barrier.wait(Meeting::Barrier).unwrap();
                        assert!(come.load(Ordering::SeqCst) >= 4 * round);
                    }
                });
            }
        });
    }

    #[test]
    fn an_abort_sends_away_those_who_wait_and_those_who_come_later() {
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            let early = scope.spawn(|| barrier.wait(Meeting::Barrier));
            barrier.abort();
            assert_eq!(early.join().unwrap(), Err(Broken::Aborted));
        });
        assert_eq!(barrier.wait(Meeting::Barrier), Err(Broken::Aborted));
    }

    #[test]
    fn a_wait_with_one_who_is_elsewhere_is_told() {
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| barrier.wait(Meeting::Single));
            while barrier.lock().at.is_none() {
                thread::yield_now();
            }
            let elsewhere = Err(Broken::Elsewhere(Meeting::Single));
            assert_eq!(barrier.wait(Meeting::Reduction), elsewhere);
            barrier.abort();
            assert_eq!(waiting.join().unwrap(), Err(Broken::Aborted));
        });
    }

    #[test]
    fn a_wait_for_one_who_has_left_ends() {
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| barrier.wait(Meeting::Barrier));
            barrier.leave();
            assert_eq!(waiting.join().unwrap(), Err(Broken::Deserted));
        });
    }
}
