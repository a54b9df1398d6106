//! The memory that all pictures of a process share.
//!
//! The memory of a picture is known after its header was read, and then its file is already in
//! memory. If it waited for more while it holds the file, two pictures could wait for each other
//! forever. So a worker that holds memory never waits: a picture without enough memory drops its
//! file, waits for everything it needs at once, and is read again.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;

/// The memory for pictures. At most the limit is given out.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    next: u64,
    /// The waiting pictures in order of arrival: a large one must not wait forever behind small
    /// ones.
    waiting: VecDeque<u64>,
}

/// The budget of this process.
pub(crate) static PROCESS: Budget = Budget::new();

/// A share of the memory. Drop gives it back.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    const fn new() -> Budget {
        Budget {
            state: Mutex::new(State {
                taken: 0,
                next: 0,
                waiting: VecDeque::new(),
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `bytes` are free below `limit`. The caller must not hold a share.
    pub(crate) fn take(&self, bytes: u64, limit: u64) -> Result<Share<'_>, Failure> {
        if bytes > limit {
            return Err(Failure::OverLimit {
                what: "the memory to decode it".to_owned(),
                size: bytes,
                limit,
                flag: "--max-memory".to_owned(),
            });
        }
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back(ticket);
        while state.waiting.front() != Some(&ticket) || state.taken.saturating_add(bytes) > limit {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.pop_front();
        state.taken += bytes;
        drop(state);
        // The next one may also fit.
        self.changed.notify_all();
        Ok(Share {
            budget: self,
            bytes,
        })
    }
}

impl Share<'_> {
    /// Grows to `bytes`, if that is possible now.
    pub(crate) fn grow(&mut self, bytes: u64, limit: u64) -> Result<(), Failure> {
        let more = bytes.saturating_sub(self.bytes);
        let mut state = self.budget.lock();
        if state.taken.saturating_add(more) > limit {
            return Err(Failure::NoRoom { bytes });
        }
        state.taken += more;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.lock().taken -= self.bytes;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn what_is_over_the_limit_is_refused_and_what_is_not_free_is_waited_for_in_order() {
        let budget = Budget::new();
        assert!(budget.take(11, 10).is_err());
        let mut first = budget.take(6, 10).unwrap();
        assert!(first.grow(11, 10).is_err());
        first.grow(8, 10).unwrap();
        let (tell, hear) = mpsc::channel();
        thread::scope(|scope| {
            for (number, bytes) in [(1, 9), (2, 2)] {
                let (tell, budget) = (tell.clone(), &budget);
                scope.spawn(move || {
                    let share = budget.take(bytes, 10).unwrap();
                    tell.send(number).unwrap();
                    share
                });
                // The second would fit, but must wait for its turn.
                while budget.lock().waiting.len() < number {
                    thread::yield_now();
                }
            }
            assert!(hear.try_recv().is_err());
            drop(first);
            assert_eq!((hear.recv(), hear.recv()), (Ok(1), Ok(2)));
        });
        assert_eq!(budget.lock().taken, 0);
    }
}
