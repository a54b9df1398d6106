//! Reductions: combine the values of all threads of a team into one.
//!
//! All threads call `give`. When all have done so, one of them calls `combine`. After that all call
//! `result`. Between these steps they wait at a barrier.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Value = Box<dyn Any + Send>;

/// The values that the threads gave to a reduction, and the result.
pub(super) struct Reductions {
    given: Mutex<Vec<Option<Value>>>,
    reduced: Mutex<Option<Value>>,
}

impl Reductions {
    pub(super) fn new(size: usize) -> Reductions {
        Reductions {
            given: Mutex::new((0..size).map(|_| None).collect()),
            reduced: Mutex::default(),
        }
    }

    /// Stores a thread's value. The next step follows when all threads have done this.
    pub(super) fn give<T: Send + 'static>(&self, thread: usize, value: T) {
        lock(&self.given)[thread] = Some(Box::new(value));
    }

    /// Combines the values in the order of the threads, so the result does not depend on which
    /// thread came first.
    pub(super) fn combine<T: Send + 'static>(&self, combine: impl Fn(T, T) -> T) {
        let given: Vec<_> = lock(&self.given)
            .iter_mut()
            .filter_map(Option::take)
            .collect();
        let own = |value: Value| *value.downcast::<T>().unwrap_or_else(|_| differ());
        let reduced = given.into_iter().map(own).reduce(combine);
        *lock(&self.reduced) = reduced.map(|all| Box::new(all) as Value);
    }

    /// The result. The next reduction can't overwrite it before all threads have given their value
    /// to that one.
    pub(super) fn result<T: Clone + 'static>(&self) -> T {
        let reduced = lock(&self.reduced);
        let reduced = reduced.as_ref().and_then(|all| all.downcast_ref::<T>());
        reduced.cloned().unwrap_or_else(|| differ())
    }
}

fn differ() -> ! {
    panic!("the threads reduce values of different types")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic ends the region for all threads, so the state that it leaves is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
