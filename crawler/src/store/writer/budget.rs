//! A limit for the bytes that wait to be written.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that may wait. A page may have a body of 10 MiB for the archive, or 20,000 new links. A page that is
/// larger than the whole budget may wait alone.
const BUDGET: usize = 64 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Budget {
    spent: Mutex<Spent>,
    less: Condvar,
}

#[derive(Debug, Default)]
struct Spent {
    bytes: usize,
    /// The writer has ended.
    over: bool,
}

impl Budget {
    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room, or the writer has ended.
    pub(super) fn take(&self, bytes: usize) {
        let is_full = |spent: &mut Spent| {
            !spent.over && spent.bytes > 0 && spent.bytes.saturating_add(bytes) > BUDGET
        };
        let spent = self.less.wait_while(self.lock(), is_full);
        spent.unwrap_or_else(PoisonError::into_inner).bytes += bytes;
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.less.notify_all();
    }
}

/// When it is dropped, waiting senders are woken: the writer has ended.
pub(super) struct Over(pub(super) Arc<Budget>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.less.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lets_one_too_large_in_alone_and_nobody_waits_when_it_is_over() {
        let budget = Arc::new(Budget::default());
        budget.take(BUDGET + 1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.take(1));
            budget.give_back(BUDGET + 1);
            waiting.join().unwrap();
            assert_eq!(budget.lock().bytes, 1);
            let waiting = scope.spawn(|| budget.take(BUDGET));
            drop(Over(Arc::clone(&budget)));
            waiting.join().unwrap();
        });
        budget.take(BUDGET);
    }
}
