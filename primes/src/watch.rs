//! The connection between a run of jobs and its caller: answers, progress, and the request to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::job::Job;

/// Observes a run. A closure with a job and its answer as parameters is the simplest one; it never
/// stops the run.
pub trait Watch: Sync {
    /// A job was done. It may be called on any thread.
    fn done(&self, job: Job, answer: u64);

    /// `numbers` more numbers were processed. Returns whether to continue. Kernels call it every
    /// few milliseconds. If it returns false, the current job gets no answer.
    fn go_on(&self, numbers: u64) -> bool {
        let _ = numbers;
        true
    }
}

impl<F: Fn(Job, u64) + Sync> Watch for F {
    fn done(&self, job: Job, answer: u64) {
        self(job, answer);
    }
}

/// How often a [`Watch`] is called on behalf of a [`Proxy`].
const POLL: Duration = Duration::from_millis(50);

/// Takes the place of a [`Watch`] in tasks that may outlive it.
#[derive(Debug, Default)]
pub(crate) struct Proxy {
    numbers: AtomicU64,
    stopped: AtomicBool,
}

impl Proxy {
    pub(crate) fn go_on(&self, numbers: u64) -> bool {
        self.numbers.fetch_add(numbers, Ordering::Relaxed);
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// Runs `work` with a proxy of `watch`. When `watch` says to stop, the proxy passes that on, and
/// `stop` is called.
pub(crate) fn with_proxy<T>(
    watch: &impl Watch,
    stop: impl FnOnce() + Send,
    work: impl FnOnce(&Arc<Proxy>) -> T,
) -> T {
    let proxy = Arc::new(Proxy::default());
    thread::scope(|scope| {
        let (ended, end) = mpsc::channel::<()>();
        let asked = Arc::clone(&proxy);
        scope.spawn(move || {
            while end.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                if !watch.go_on(asked.numbers.swap(0, Ordering::Relaxed)) {
                    asked.stopped.store(true, Ordering::Relaxed);
                    stop();
                    return;
                }
            }
        });
        let result = work(&proxy);
        // It is dropped also on a panic. Then the thread ends, and the scope with it.
        drop(ended);
        result
    })
}
