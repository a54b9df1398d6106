//! `critical`: one thread at a time, among all teams of the program, as in OpenMP.
//!
//! A mutex of `std` is not enough: if a thread waits for itself, or for a thread that waits for it,
//! it should panic, not hang. So each thread knows which locks it holds, and which locks are held
//! by the threads that wait for its team.

use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The name of the lock without a name.
const UNNAMED: &str = "";

/// A lock for the whole program.
#[derive(Default)]
struct Lock {
    taken: Mutex<bool>,
    freed: Condvar,
}

/// The locks by name. Their number is limited, because the names are constants in the source.
static LOCKS: Mutex<Option<HashMap<&'static str, Arc<Lock>>>> = Mutex::new(None);

thread_local! {
    /// The locks that this thread holds, and those of the threads that wait for its team.
    static HELD: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// The locks of the calling thread, to pass to a team that it starts.
pub(super) fn held() -> Vec<&'static str> {
    HELD.with_borrow(Clone::clone)
}

/// Starts a thread's part of a region. Returns the locks that it held before.
pub(super) fn enter(around: &[&'static str]) -> Vec<&'static str> {
    HELD.replace(around.to_vec())
}

/// Ends it. Locks that were not released, because of `mem::forget`, are free again.
pub(super) fn leave(around: usize, before: Vec<&'static str>) {
    for name in HELD.replace(before).into_iter().skip(around) {
        find(name).free();
    }
}

/// Whether the calling thread itself holds a lock, not only the threads that wait for its team.
pub(super) fn holds_more_than(around: usize) -> bool {
    HELD.with_borrow(|held| held.len() > around)
}

/// A held lock. It is released when this is dropped, in the thread that took it.
#[must_use = "the lock is free again when this is dropped"]
pub struct Guard<'t> {
    name: &'static str,
    /// It must not outlive the thread's part of the region, and must stay in its thread.
    part: PhantomData<(&'t (), *const ())>,
}

impl Guard<'_> {
    #[track_caller]
    pub(super) fn unnamed(thread: usize) -> Guard<'static> {
        Guard::named(UNNAMED, thread)
    }

    #[track_caller]
    pub(super) fn named(name: &'static str, thread: usize) -> Guard<'static> {
        let held = HELD.with_borrow(|held| held.contains(&name));
        assert!(
            !held,
            "thread {thread} or one around its team holds the lock already, and would wait for itself"
        );
        find(name).take();
        HELD.with_borrow_mut(|held| held.push(name));
        Guard {
            name,
            part: PhantomData,
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|held| {
            // Locks may be released in any order.
            if let Some(at) = held.iter().rposition(|name| *name == self.name) {
                held.remove(at);
            }
        });
        find(self.name).free();
    }
}

fn find(name: &'static str) -> Arc<Lock> {
    let mut locks = lock(&LOCKS);
    let locks = locks.get_or_insert_default();
    Arc::clone(locks.entry(name).or_default())
}

impl Lock {
    fn take(&self) {
        let taken = lock(&self.taken);
        let mut taken = self
            .freed
            .wait_while(taken, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        *taken = true;
    }

    fn free(&self) {
        *lock(&self.taken) = false;
        self.freed.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
