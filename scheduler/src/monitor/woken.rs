//! A waker that records whether it was called.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Wraps the waker of a task, and records whether it was called.
#[derive(Debug, Default)]
pub(super) struct Woken {
    woken: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Woken {
    pub(super) fn before_poll(&self, waker: &Waker) {
        self.woken.store(false, Ordering::Release);
        let mut kept = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            let old = kept.replace(waker.clone());
            drop(kept);
            drop(old);
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let waker = self
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
