//! Which task waits for what, and which wakers may be used at any time.
//!
//! A waker that lies in the queue of a lock, in a channel, or with a task that somebody awaits, is
//! **held**: it is used only if some other task goes on, or never. Every other waker is **loose**:
//! another thread may have it, a socket, a signal, or a future of somebody else. The executor counts
//! the loose ones of all its tasks that have not ended, wherever a waker is cloned or dropped. While
//! there is one, somebody may be woken at any moment. When there is none and nobody is ready, nobody
//! ever will be: only then is it worth looking at which task waits for what.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::Waker;

use super::TaskId;
use super::task::TaskRef;

/// A waker that is used only if another task goes on.
#[derive(Debug)]
pub(crate) struct Held(Waker);

impl Held {
    pub(crate) fn new(waker: &Waker) -> Held {
        let held = Held(waker.clone());
        if let Some(task) = held.task() {
            task.loosen(-1);
        }
        held
    }

    pub(crate) fn will_wake(&self, waker: &Waker) -> bool {
        self.0.will_wake(waker)
    }

    pub(crate) fn wake(self) {
        self.0.wake_by_ref();
    }

    /// Whose it is, if it is a task of this thread.
    pub(super) fn task(&self) -> Option<TaskRef> {
        TaskRef::of_waker(&self.0)
    }

    /// Whether the task is in the ready queue; `None` if it is none of this room's.
    pub(crate) fn is_ready(&self) -> Option<bool> {
        self.task().map(TaskRef::is_scheduled)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Its waker takes that off again when it is dropped, in a moment.
        if let Some(task) = self.task() {
            task.loosen(1);
        }
    }
}

/// Something that tasks of one thread wait for.
pub(crate) trait WaitedFor {
    /// Calls `tell` for each waker that it keeps.
    fn waiters(&self, tell: &mut dyn FnMut(&Held));

    /// What they wait for, in words, by what tasks are called.
    fn describe(&self, name: &dyn Fn(TaskId) -> String) -> String;
}

/// All things on this thread that somebody has waited for.
#[derive(Default)]
struct Known {
    things: Vec<Weak<dyn WaitedFor>>,
    /// With so many, those that are gone are thrown away.
    sweep_at: usize,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Makes a thing known; to be called once for each.
pub(crate) fn make_known(thing: Weak<dyn WaitedFor>) {
    KNOWN.with_borrow_mut(|known| {
        if known.things.len() >= known.sweep_at {
            known.things.retain(|thing| thing.strong_count() > 0);
            known.sweep_at = 2 * known.things.len() + 64;
        }
        known.things.push(thing);
    });
}

/// The things that are still there.
pub(super) fn known() -> Vec<Rc<dyn WaitedFor>> {
    KNOWN.with_borrow(|known| known.things.iter().filter_map(Weak::upgrade).collect())
}
