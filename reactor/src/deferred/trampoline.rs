//! Runs continuations one after the other, not one inside the other: a chain may have a million of
//! them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A continuation that is ready to run.
pub(super) trait Job {
    fn run(self: Rc<Self>);
}

thread_local! {
    static JOBS: RefCell<VecDeque<Rc<dyn Job>>> = const { RefCell::new(VecDeque::new()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a job, and all jobs that it causes, before it returns. Inside a job, it only queues the new
/// one.
pub(super) fn run(job: Rc<dyn Job>) {
    JOBS.with_borrow_mut(|jobs| jobs.push_back(job));
    if RUNNING.replace(true) {
        return;
    }
    /// Resets the state also if a value panics when it is dropped, so that later jobs can run.
    struct Stop;
    impl Drop for Stop {
        fn drop(&mut self) {
            RUNNING.set(false);
        }
    }
    let _stop = Stop;
    while let Some(job) = JOBS.with_borrow_mut(VecDeque::pop_front) {
        job.run();
    }
}
