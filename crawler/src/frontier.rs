//! The rule for the end of a crawl.
//!
//! An empty queue is not the end: a page in flight may have links. No page in flight is not the end either: a
//! worker may be about to take one from the queue. The crawl ends when both are true **at the same moment**.
//! That needs three things:
//!
//! 1. a job counts as in flight from the moment it leaves the queue;
//! 2. the URLs that a job has found are in the queue before the job stops counting;
//! 3. both numbers are read and changed under one lock.
//!
//! Every change of the numbers wakes the waiting workers.

use crate::sync::{Condvar, Mutex, MutexGuard};
use std::sync::PoisonError;

/// The work: a queue, in any order.
pub trait Work {
    /// One piece of work.
    type Job;

    /// The next job, if there is one *now*. With jobs in flight, `None` only means: not yet.
    fn next(&mut self, in_flight: usize) -> Option<Self::Job>;
}

/// The result of [`Frontier::try_take`].
#[derive(Debug, PartialEq, Eq)]
pub enum Next<J> {
    /// A job. [`complete`](Frontier::complete) it afterwards.
    Job(J),
    /// No job now; a job in flight may add some.
    Wait,
    /// No more jobs.
    End,
}

/// Shared work that detects its end.
///
/// # Examples
///
/// ```
/// use crawler::frontier::{Frontier, Work};
///
/// /// Each number leads to its half.
/// struct Halves(Vec<u32>);
///
/// impl Work for Halves {
///     type Job = u32;
///     fn next(&mut self, _in_flight: usize) -> Option<u32> {
///         self.0.pop()
///     }
/// }
///
/// let frontier = Frontier::new(Halves(vec![8]));
/// let mut done = vec![];
/// while let Some(number) = frontier.take() {
///     done.push(number);
///     frontier.complete(|halves| halves.0.extend((number > 1).then_some(number / 2)));
/// }
/// assert_eq!(done, [8, 4, 2, 1]);
/// ```
#[derive(Debug)]
pub struct Frontier<W> {
    state: Mutex<State<W>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<W> {
    work: W,
    in_flight: usize,
    stopped: bool,
}

impl<W: Work> Frontier<W> {
    /// Shares work. No job is in flight.
    pub fn new(work: W) -> Self {
        Frontier {
            state: Mutex::new(State {
                work,
                in_flight: 0,
                stopped: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, if there is one now. It is in flight until it is
    /// [`complete`](Self::complete)d.
    pub fn try_take(&self) -> Next<W::Job> {
        Self::take_from(&mut self.lock())
    }

    /// Waits for the next job; `None` at the end.
    pub fn take(&self) -> Option<W::Job> {
        let mut state = self.lock();
        loop {
            match Self::take_from(&mut state) {
                Next::Job(job) => return Some(job),
                Next::End => return None,
                Next::Wait => {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn take_from(state: &mut State<W>) -> Next<W::Job> {
        if state.stopped {
            return Next::End;
        }
        match state.work.next(state.in_flight) {
            Some(job) => {
                state.in_flight += 1;
                Next::Job(job)
            }
            None if state.in_flight == 0 => Next::End,
            None => Next::Wait,
        }
    }

    /// Completes a job. `add` adds the work that it led to, before the job stops counting.
    ///
    /// # Panics
    /// If nothing was in flight.
    pub fn complete<R>(&self, add: impl FnOnce(&mut W) -> R) -> R {
        let mut state = self.lock();
        assert!(
            state.in_flight > 0,
            "a job is completed once, after it was taken"
        );
        let result = add(&mut state.work);
        state.in_flight -= 1;
        drop(state);
        self.changed.notify_all();
        result
    }

    /// Stops: there are no further jobs, and waiting workers return. Returns how many jobs are in flight.
    pub fn stop(&self) -> usize {
        let mut state = self.lock();
        state.stopped = true;
        let in_flight = state.in_flight;
        drop(state);
        self.changed.notify_all();
        in_flight
    }

    /// Calls `look` with the work.
    pub fn with<R>(&self, look: impl FnOnce(&mut W) -> R) -> R {
        look(&mut self.lock().work)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Numbers(Vec<u32>);

    impl Work for Numbers {
        type Job = u32;
        fn next(&mut self, _: usize) -> Option<u32> {
            self.0.pop()
        }
    }

    #[test]
    fn nothing_to_do_is_the_end() {
        let frontier = Frontier::new(Numbers(vec![]));
        assert_eq!(frontier.try_take(), Next::End);
        assert_eq!(frontier.take(), None);
    }

    #[test]
    fn an_empty_queue_is_no_end_while_a_job_is_in_flight() {
        let frontier = Frontier::new(Numbers(vec![1]));
        assert_eq!(frontier.try_take(), Next::Job(1));
        assert_eq!(frontier.try_take(), Next::Wait);
        frontier.complete(|numbers| numbers.0.push(2));
        assert_eq!(frontier.try_take(), Next::Job(2));
        frontier.complete(|_| ());
        assert_eq!(frontier.try_take(), Next::End);
    }

    #[test]
    fn stopped_it_gives_nothing_more_even_to_those_who_wait() {
        let frontier = Frontier::new(Numbers(vec![1]));
        assert_eq!(frontier.take(), Some(1));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| frontier.take());
            frontier.stop();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }

    #[test]
    #[should_panic(expected = "completed once")]
    fn a_job_completed_twice_is_noticed() {
        Frontier::new(Numbers(vec![])).complete(|_| ());
    }

    #[test]
    fn many_threads_do_all_of_a_tree_and_then_leave() {
        let frontier = Frontier::new(Numbers(vec![1]));
        let done = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while let Some(number) = frontier.take() {
                        done.fetch_add(1, Ordering::Relaxed);
                        frontier.complete(|numbers| {
                            if number < 512 {
                                numbers.0.extend([2 * number, 2 * number + 1]);
                            }
                        });
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 1023);
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    struct Tree(Vec<u32>);

    impl Work for Tree {
        type Job = u32;
        fn next(&mut self, _: usize) -> Option<u32> {
            self.0.pop()
        }
    }

    /// Two workers, a page that leads to two more: whatever the order, all three are done and
    /// both workers leave.
    #[test]
    fn loom_all_is_done_and_everybody_leaves() {
        loom::model(|| {
            let frontier = Arc::new(Frontier::new(Tree(vec![1])));
            let done = Arc::new(AtomicUsize::new(0));
            let work = |frontier: &Frontier<Tree>, done: &AtomicUsize| {
                while let Some(number) = frontier.take() {
                    done.fetch_add(1, Ordering::Relaxed);
                    frontier.complete(|tree| {
                        if number == 1 {
                            tree.0.extend([2, 3]);
                        }
                    });
                }
            };
            let other = {
                let (frontier, done) = (Arc::clone(&frontier), Arc::clone(&done));
                loom::thread::spawn(move || work(&frontier, &done))
            };
            work(&frontier, &done);
            other.join().unwrap();
            assert_eq!(done.load(Ordering::Relaxed), 3);
            assert_eq!(frontier.try_take(), Next::End);
        });
    }

    /// One worker stops it while another waits: the wait ends.
    #[test]
    fn loom_stop_wakes_who_waits() {
        loom::model(|| {
            let frontier = Arc::new(Frontier::new(Tree(vec![1])));
            assert_eq!(frontier.take(), Some(1));
            let waiting = {
                let frontier = Arc::clone(&frontier);
                loom::thread::spawn(move || frontier.take())
            };
            frontier.stop();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
