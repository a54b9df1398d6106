//! Threads under one global interpreter lock, as in CPython: several threads, one busy core.
//!
//! The rules of the lock are those of CPython since 3.2 (Antoine Pitrou's "new GIL",
//! `Python/ceval_gil.c`). A thread computes only while it holds the lock. A thread that waits
//! requests the lock after 5 ms. The holder sees the request at its next checkpoint and releases
//! the lock. It does not take it again before another thread had it.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::job::{self, Job};
use crate::watch::Watch;

/// The default of CPython's `sys.getswitchinterval()`.
pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// Runs the jobs on `workers` threads. Only the thread that holds the lock computes.
///
/// # Errors
/// If the system refuses a thread. Threads that were started finish their current job.
///
/// # Panics
/// If a job panics, after the other threads have finished.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    watch: impl Watch,
) -> io::Result<()> {
    let gil = Gil::default();
    // Only the holder of the GIL takes a job, as in an interpreter. Rust still needs this second
    // lock.
    let jobs = Mutex::new(Some(jobs));
    let lock = || jobs.lock().unwrap_or_else(PoisonError::into_inner);
    let interpret = || {
        let held = gil.take();
        let checkpoint = |numbers| {
            if held.is_wanted() {
                job::paused(|| held.give_way());
            }
            watch.go_on(numbers)
        };
        loop {
            let Some(job) = lock().as_mut().and_then(Iterator::next) else {
                break;
            };
            let Some(answer) = job.run_while(checkpoint) else {
                break;
            };
            watch.done(job, answer);
        }
    };
    thread::scope(|scope| {
        for number in 0..workers.get() {
            let thread = thread::Builder::new().name(format!("python-{number}"));
            thread
                .spawn_scoped(scope, interpret)
                .inspect_err(|_| *lock() = None)?;
        }
        Ok(())
    })
}

/// A global interpreter lock.
#[derive(Debug, Default)]
pub struct Gil {
    state: Mutex<State>,
    released: Condvar,
    /// Set by a thread that has waited for [`SWITCH_INTERVAL`].
    wanted: AtomicBool,
    switched: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: bool,
    waiting: usize,
    /// How often the lock was taken. It tells the last holder that another thread had the lock.
    taken: u64,
}

/// The held lock; drop releases it.
#[derive(Debug)]
pub struct Held<'a>(&'a Gil);

impl Gil {
    /// Waits for the lock.
    pub fn take(&self) -> Held<'_> {
        self.acquire();
        Held(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is never half changed, so poisoning is ignored.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acquire(&self) {
        let mut state = self.state();
        state.waiting += 1;
        while state.held {
            let taken = state.taken;
            let timeout;
            (state, timeout) = self
                .released
                .wait_timeout(state, SWITCH_INTERVAL)
                .map(|(state, result)| (state, result.timed_out()))
                .unwrap_or_else(|poison| {
                    let (state, result) = poison.into_inner();
                    (state, result.timed_out())
                });
            // If the lock changed hands meanwhile, the new holder gets its full interval.
            if timeout && state.held && state.taken == taken {
                self.wanted.store(true, Ordering::Relaxed);
            }
        }
        state.waiting -= 1;
        state.held = true;
        state.taken += 1;
        self.wanted.store(false, Ordering::Relaxed);
        self.switched.notify_all();
    }

    fn release(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.held = false;
        self.released.notify_one();
        state
    }
}

impl Held<'_> {
    /// Whether another thread has waited long enough. Check it often.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.0.wanted.load(Ordering::Relaxed)
    }

    /// Releases the lock for another thread, and waits to get it back.
    #[cold]
    pub fn give_way(&self) {
        let mut state = self.0.release();
        let taken = state.taken;
        while state.waiting > 0 && state.taken == taken {
            state = self
                .0
                .switched
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.0.acquire();
    }

    /// Releases the lock for a moment if another thread wants it.
    #[inline]
    pub fn checkpoint(&self) {
        if self.is_wanted() {
            self.give_way();
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.0.release());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn only_the_holder_runs_and_every_thread_gets_its_turn() {
        /// They take some seconds: far more than the switch interval.
        const CHECKPOINTS: usize = 5_000_000;
        let gil = Gil::default();
        let (inside, turns) = (AtomicUsize::new(0), [const { AtomicUsize::new(0) }; 4]);
        let all_ran = || turns.iter().all(|turns| turns.load(Ordering::Relaxed) > 0);
        let all_there = Barrier::new(turns.len());
        thread::scope(|scope| {
            for mine in &turns {
                scope.spawn(|| {
                    all_there.wait();
                    let held = gil.take();
                    for _ in 0..CHECKPOINTS {
                        if all_ran() {
                            return;
                        }
                        assert_eq!(
                            inside.fetch_add(1, Ordering::SeqCst),
                            0,
                            "two threads at once"
                        );
                        mine.fetch_add(1, Ordering::Relaxed);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        // A waiting thread needs the CPU to request the lock. While this thread
                        // computes on a busy machine, it might not get it.
                        thread::yield_now();
                        held.checkpoint();
                    }
                    // No thread ends before all have had the lock: otherwise the holder would have
                    // no reason to give way.
                    panic!("one thread had the lock all the time: {turns:?}");
                });
            }
        });
    }
}
