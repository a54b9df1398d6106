//! Continuations run one after the other, not one within the other: a chain may be a million long.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A continuation that is due.
pub(super) trait Job {
    fn run(self: Rc<Self>);
}

thread_local! {
    static JOBS: RefCell<VecDeque<Rc<dyn Job>>> = const { RefCell::new(VecDeque::new()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a job, and all that it leads to, before it returns; or, called from a job, after that one.
pub(super) fn run(job: Rc<dyn Job>) {
    JOBS.with_borrow_mut(|jobs| jobs.push_back(job));
    if RUNNING.replace(true) {
        return;
    }
    /// Also when a value panics on being dropped: the next one must be able to run.
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
