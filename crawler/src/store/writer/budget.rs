//! A limit on the bytes that wait to be written.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What those pages may take together, in bytes: some of them are archived with bodies of 10 MiB, or
/// have 20,000 new links. A page that takes more than all of it is let in when it is alone.
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
    /// Nobody writes any more.
    over: bool,
}

impl Budget {
    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room; at the end there is always.
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

/// Tells, whatever ends the writer, that nobody has to wait for it.
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
