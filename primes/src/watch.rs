//! What a run of jobs tells its caller, and asks of it: which answers there are, how far it is, whether
//! to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::job::Job;

/// Hears of a run. A closure that takes a job and its answer is the simplest one: it never stops
/// anything.
pub trait Watch: Sync {
    /// A job was done. May be called on any thread.
    fn done(&self, job: Job, answer: u64);

    /// `numbers` more were worked on; whether to go on. Asked every few milliseconds by whatever
    /// computes: then the job that it was at has no answer.
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

/// How often what can't ask a [`Watch`] itself is told what it says.
const POLL: Duration = Duration::from_millis(50);

/// What stands for a [`Watch`] where that can't go: in tasks that may outlive it.
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

/// Runs `work` with a proxy of `watch`. When that says to stop, the proxy does, and `stop` is called.
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
        // Dropped also when it panics: the thread ends, and the scope with it.
        drop(ended);
        result
    })
}
