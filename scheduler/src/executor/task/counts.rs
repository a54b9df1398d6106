//! The counts of a task's references. The [module above](super) explains why they are sound.

use std::sync::Arc;

use super::super::loom_or_std::Ordering;
use super::TaskRef;
use super::state::{FINISHED, MERGED_HOME};

/// The task is in the inbox, or about to be put there.
const POSTED: isize = 1;
/// The task must be scheduled when it comes out of the inbox.
const WOKEN: isize = 2;
/// All references are counted here, and the last drop frees the task.
const MERGED: isize = 4;
/// The flags are the lowest bits, below the count.
const COUNT_SHIFT: u32 = 3;
const ONE: isize = 1 << COUNT_SHIFT;

/// More references than this were leaked on purpose, and further counting would overflow. The
/// number is small in tests and models, which could not reach a large one.
pub(super) const MOST: i32 = if cfg!(any(test, loom)) {
    1 << 10
} else {
    i32::MAX / 2
};

// At home.
impl TaskRef {
    /// Adds a reference.
    #[inline]
    pub(in super::super) fn hold(self) {
        if self.is(MERGED_HOME) {
            return self.hold_away();
        }
        let references = &self.header().references;
        if references.get() >= MOST {
            self.balance();
            if references.get() >= MOST {
                std::process::abort();
            }
        }
        references.set(references.get() + 1);
    }

    /// Removes a reference.
    #[inline]
    pub(in super::super) fn release(self) {
        let header = self.header();
        if header.state.get() & MERGED_HOME != 0 {
            return self.release_away();
        }
        header.references.set(header.references.get() - 1);
        if header.references.get() <= 0 {
            self.free_if_unreferenced();
        }
    }

    /// Counts wakers that may be called at any time. For a task that has ended they do not matter.
    #[inline]
    pub(in super::super) fn loosen(self, count: i32) {
        let header = self.header();
        if header.state.get() & FINISHED == 0 {
            header.loose.set(header.loose.get() + count);
            self.local().loosen(count);
        }
    }

    /// Its wakers do not matter any more, because it has ended.
    pub(super) fn forget_loose(self) {
        self.local().loosen(-self.header().loose.get());
    }

    /// Whether it may be woken at any time: it is in the inbox, or has loose wakers.
    pub(in super::super) fn may_be_woken(self) -> bool {
        self.balance() != 0 || self.header().loose.get() > 0
    }

    /// Moves the count of `away` here. Returns the flags and count that are left there.
    fn balance(self) -> isize {
        let away = &self.header().away;
        // Acquire: if this frees the task, everything that other threads did with their references
        // comes before that.
        let now = away.load(Ordering::Acquire);
        let count = now >> COUNT_SHIFT;
        if count == 0 {
            return now;
        }
        let before = away.fetch_sub(count * ONE, Ordering::AcqRel);
        self.add(count);
        before - count * ONE
    }

    fn add(self, count: isize) {
        let references = &self.header().references;
        let sum = references.get() as isize + count;
        if sum > MOST as isize {
            std::process::abort();
        }
        references.set(sum as i32);
        self.loosen(count as i32);
    }

    fn free_if_unreferenced(self) {
        if self.balance() == 0 && self.header().references.get() == 0 {
            self.unlink();
            // SAFETY: there are no references, and no thread is about to post it.
            unsafe { (self.header().vtable.free)(self.0) }
        }
    }

    /// The task has come out of the inbox: handles its flags and count.
    pub(in super::super) fn collect(self) {
        let header = self.header();
        // Acquire: the next poll sees what was done before the wake-up.
        let away = header.away.swap(0, Ordering::AcqRel);
        self.add(away >> COUNT_SHIFT);
        if away & WOKEN != 0 {
            self.schedule();
        }
        if header.references.get() <= 0 {
            self.free_if_unreferenced();
        }
    }

    /// The executor is being dropped, and the inbox is locked and empty. From now on the remaining
    /// references are counted in `away`.
    pub(in super::super) fn merge(self) {
        let header = self.header();
        let own = header.references.get() as isize;
        self.set(MERGED_HOME);
        let away = header
            .away
            .fetch_add((own * ONE) | MERGED, Ordering::AcqRel);
        if own + (away >> COUNT_SHIFT) == 0 {
            // SAFETY: there are no references.
            unsafe { (header.vtable.free)(self.0) }
        } else {
            // SAFETY: the pointer came from an `Arc`, which the executor still holds.
            unsafe { Arc::increment_strong_count(header.shared) };
        }
    }

    /// Whether the calling thread may count in `references` and touch the cells.
    #[inline]
    pub(super) fn counts_at_home(self) -> bool {
        self.shared().is_here() && !self.is(MERGED_HOME)
    }
}

// On any thread.
impl TaskRef {
    pub(super) fn hold_away(self) {
        let away = self.header().away.fetch_add(ONE, Ordering::Relaxed);
        if away >> COUNT_SHIFT > MOST as isize {
            std::process::abort();
        }
    }

    pub(super) fn wake_away(self) {
        let mut inbox = self.shared().inbox();
        if !inbox.open {
            return;
        }
        // Release: the next poll sees what was done before this.
        let away = &self.header().away;
        if away.fetch_or(WOKEN | POSTED, Ordering::AcqRel) & POSTED == 0 {
            self.shared().post(&mut inbox, self);
        }
        drop(inbox);
        self.shared().ring();
    }

    pub(super) fn release_away(self) {
        let header = self.header();
        // SAFETY: the pointer came from an `Arc`, which lives as long as this task. The task may be
        // freed before the lock is released.
        let shared = unsafe {
            Arc::increment_strong_count(header.shared);
            Arc::from_raw(header.shared)
        };
        let mut inbox = shared.inbox();
        let mut away = header.away.load(Ordering::Relaxed);
        loop {
            let merged = away & MERGED != 0;
            let less = if merged {
                away - ONE
            } else {
                (away - ONE) | POSTED
            };
            // Release: what was done with this reference comes before the memory is freed.
            let changed =
                header
                    .away
                    .compare_exchange(away, less, Ordering::AcqRel, Ordering::Relaxed);
            match changed {
                Err(now) => away = now,
                Ok(_) if merged => {
                    if less >> COUNT_SHIFT == 0 {
                        // SAFETY: it was the last reference. The flag says that home counts here
                        // too. The task's `Arc` is dropped with it; this thread's `Arc` lives
                        // longer.
                        unsafe {
                            Arc::decrement_strong_count(header.shared);
                            (header.vtable.free)(self.0);
                        }
                    }
                    return;
                }
                Ok(_) => {
                    // The thread that marked it may touch it until it is in the inbox; no other
                    // may.
                    if away & POSTED == 0 {
                        shared.post(&mut inbox, self);
                        drop(inbox);
                        shared.ring();
                    }
                    return;
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::super::Executor;
    use super::MOST;
    use std::cell::RefCell;
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::{Poll, Waker};
    use std::thread;

    /// Clones a waker on one side and drops it on the other, ten times as often as the limit, while
    /// the executor does not read its inbox.
    fn to_and_fro(made_away: bool) {
        const BATCH: usize = 500;
        let executor = Executor::new().unwrap();
        let kept = Rc::new(RefCell::new(None));
        let keep = Rc::clone(&kept);
        let task = executor.spawn(poll_fn(move |context| {
            keep.replace(Some(context.waker().clone()));
            Poll::<()>::Pending
        }));
        executor.run_pending();
        let waker: Waker = kept.take().unwrap();
        for _ in 0..10 * MOST as usize / BATCH {
            let (here, away) = if made_away {
                let away = || vec![waker.clone(); BATCH];
                (
                    thread::scope(|scope| scope.spawn(away).join().unwrap()),
                    Vec::new(),
                )
            } else {
                (Vec::new(), vec![waker.clone(); BATCH])
            };
            drop(here);
            thread::scope(|scope| scope.spawn(|| drop(away)).join().unwrap());
        }
        drop(waker);
        executor.run_pending();
        task.abort();
        assert_eq!(executor.tasks(), 0);
    }

    #[test]
    fn counts_do_not_drift_when_wakers_are_made_away_and_dropped_at_home() {
        to_and_fro(true);
    }

    #[test]
    fn counts_do_not_drift_when_wakers_are_made_at_home_and_dropped_away() {
        to_and_fro(false);
    }
}
