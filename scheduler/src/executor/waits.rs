//! What each task waits for, and which wakers may be called at any time.
//!
//! A waker in the queue of a lock, in a channel, or with a task that is awaited, is **held**: it is
//! called only if another task runs, or never. Every other waker is **loose**: another thread may
//! have it, or a socket, a signal, or a future of another crate. The executor counts the loose
//! wakers of all its unfinished tasks, wherever a waker is cloned or dropped. While there is one, a
//! task may be woken at any moment. When there is none and no task is ready, no task ever will be.
//! Only then it is worth searching which task waits for what.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::Waker;

use super::TaskId;
use super::task::TaskRef;

/// A waker that is called only if another task runs.
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

    /// The waker's task, if it is a task of this thread.
    pub(super) fn task(&self) -> Option<TaskRef> {
        TaskRef::of_waker(&self.0)
    }

    /// Whether the task is in the ready queue; `None` if it is not a task of this room.
    pub(crate) fn is_ready(&self) -> Option<bool> {
        self.task().map(TaskRef::is_scheduled)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Its waker counts that down again when it is dropped, in a moment.
        if let Some(task) = self.task() {
            task.loosen(1);
        }
    }
}

/// A thing that tasks of one thread wait for.
pub(crate) trait WaitedFor {
    /// Calls `tell` for each waker that it keeps.
    fn waiters(&self, tell: &mut dyn FnMut(&Held));

    /// What the tasks wait for, in words; `name` gives the text for a task.
    fn describe(&self, name: &dyn Fn(TaskId) -> String) -> String;
}

/// All things on this thread that tasks have waited for.
#[derive(Default)]
struct Known {
    things: Vec<Weak<dyn WaitedFor>>,
    /// At this length, entries of dropped things are removed.
    sweep_at: usize,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Registers a thing. Call it once for each.
pub(crate) fn make_known(thing: Weak<dyn WaitedFor>) {
    KNOWN.with_borrow_mut(|known| {
        if known.things.len() >= known.sweep_at {
            known.things.retain(|thing| thing.strong_count() > 0);
            known.sweep_at = 2 * known.things.len() + 64;
        }
        known.things.push(thing);
    });
}

/// The things that still exist.
pub(super) fn known() -> Vec<Rc<dyn WaitedFor>> {
    KNOWN.with_borrow(|known| known.things.iter().filter_map(Weak::upgrade).collect())
}
