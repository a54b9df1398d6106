//! Who counts a task's references, and where; the [module above](super) says why that is sound.

use std::sync::Arc;

use super::super::loom_or_std::Ordering;
use super::TaskRef;
use super::state::{FINISHED, MERGED_HOME};

/// In the inbox, or about to be put there.
const POSTED: isize = 1;
/// To be scheduled when it comes out of the inbox.
const WOKEN: isize = 2;
/// All references are counted here, and who drops the last one frees.
const MERGED: isize = 4;
/// The flags are below the count.
const COUNT_SHIFT: u32 = 3;
const ONE: isize = 1 << COUNT_SHIFT;

/// More references than this were leaked on purpose; counting on would overflow. Few in tests and
/// models, which could not reach more.
pub(super) const MOST: i32 = if cfg!(any(test, loom)) {
    1 << 10
} else {
    i32::MAX / 2
};

// At home.
impl TaskRef {
    /// One reference more.
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

    /// One reference less.
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

    /// Counts wakers that may be used at any time; of a task that has ended they do not matter.
    #[inline]
    pub(in super::super) fn loosen(self, count: i32) {
        let header = self.header();
        if header.state.get() & FINISHED == 0 {
            header.loose.set(header.loose.get() + count);
            self.local().loosen(count);
        }
    }

    /// Its wakers do not matter any more, for it has ended.
    pub(super) fn forget_loose(self) {
        self.local().loosen(-self.header().loose.get());
    }

    /// Whether somebody may wake it at any time: it is in the inbox, or has wakers that are loose.
    pub(in super::super) fn may_be_woken(self) -> bool {
        self.balance() != 0 || self.header().loose.get() > 0
    }

    /// Takes over what was counted away; returns what is there now.
    fn balance(self) -> isize {
        let away = &self.header().away;
        // Acquire: if this frees, what was done by the references dropped away comes before that.
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
            // SAFETY: nobody refers to it, and nobody is about to post it.
            unsafe { (self.header().vtable.free)(self.0) }
        }
    }

    /// It has come out of the inbox: counts and does what was told away.
    pub(in super::super) fn collect(self) {
        let header = self.header();
        // Acquire: what was done before the wake-up is seen by the poll that follows.
        let away = header.away.swap(0, Ordering::AcqRel);
        self.add(away >> COUNT_SHIFT);
        if away & WOKEN != 0 {
            self.schedule();
        }
        if header.references.get() <= 0 {
            self.free_if_unreferenced();
        }
    }

    /// The executor is going, the inbox locked and empty: what is still referenced counts in
    /// `away` from now on.
    pub(in super::super) fn merge(self) {
        let header = self.header();
        let own = header.references.get() as isize;
        self.set(MERGED_HOME);
        let away = header
            .away
            .fetch_add((own * ONE) | MERGED, Ordering::AcqRel);
        if own + (away >> COUNT_SHIFT) == 0 {
            // SAFETY: nobody refers to it.
            unsafe { (header.vtable.free)(self.0) }
        } else {
            // SAFETY: it came from an `Arc`, and the executor holds it still.
            unsafe { Arc::increment_strong_count(header.shared) };
        }
    }

    /// Whether the calling thread may count in `references`, and touch the cells.
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
        // Release: what was done before this is seen by the poll that follows.
        let away = &self.header().away;
        if away.fetch_or(WOKEN | POSTED, Ordering::AcqRel) & POSTED == 0 {
            self.shared().post(&mut inbox, self);
        }
        drop(inbox);
        self.shared().ring();
    }

    pub(super) fn release_away(self) {
        let header = self.header();
        // SAFETY: it came from an `Arc`, which lives as long as this task, which may be freed
        // before the lock is given back.
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
            // Release: what was done by this reference comes before the memory is freed.
            let changed =
                header
                    .away
                    .compare_exchange(away, less, Ordering::AcqRel, Ordering::Relaxed);
            match changed {
                Err(now) => away = now,
                Ok(_) if merged => {
                    if less >> COUNT_SHIFT == 0 {
                        // SAFETY: it was the last; the flag says that home counts here too. The
                        // `Arc` that the task had is dropped with it, which this thread's outlives.
                        unsafe {
                            Arc::decrement_strong_count(header.shared);
                            (header.vtable.free)(self.0);
                        }
                    }
                    return;
                }
                Ok(_) => {
                    // Who has marked it may touch it until it is in the inbox; nobody else.
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

    /// Clones a waker on one side and drops it on the other, ten times as often as the bound, while
    /// the executor has no time to look at its inbox.
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
