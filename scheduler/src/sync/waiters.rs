//! The wait queue behind everything in [`sync`](super): which task waits, in what order, and for
//! what.
//!
//! The queue is a list inside a table. A wait joins at the end, and leaves from anywhere, in
//! constant time. It allocates nothing, except a larger table now and then.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::Context;

use slab::Slab;

use crate::executor::waits::{Held, WaitedFor, make_known};
use crate::executor::{TaskId, current_task, some_of};

/// The name of an object in a report.
#[derive(Clone, Debug)]
pub(super) enum Name {
    Given(Rc<str>),
    /// The place in the source where it was made.
    Place(&'static Location<'static>),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Given(name) => write!(f, "{name:?}"),
            Name::Place(place) => write!(f, "made at {place}"),
        }
    }
}

/// The state of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Waiting,
    /// The task has got what it waited for.
    Granted,
    /// It will never get it.
    Closed,
}

/// The tasks that wait for an object, and the tasks that hold it.
pub(super) struct Waiters {
    what: &'static str,
    name: Name,
    queue: RefCell<Queue>,
    /// The tasks that hold it; `None` for code outside of tasks.
    holders: RefCell<Slab<Option<TaskId>>>,
    known: Cell<bool>,
    this: Weak<Waiters>,
}

#[derive(Default)]
struct Queue {
    slots: Slab<Slot>,
    first: Option<usize>,
    last: Option<usize>,
}

/// A wait. It is in the list only while its state is [`Standing::Waiting`].
struct Slot {
    wants: usize,
    standing: Standing,
    waker: Option<Held>,
    before: Option<usize>,
    after: Option<usize>,
}

/// An empty table keeps room for this many waits.
const KEPT: usize = 1024;

impl Queue {
    fn push(&mut self, wants: usize, waker: Held) -> usize {
        let place = self.slots.insert(Slot {
            wants,
            standing: Standing::Waiting,
            waker: Some(waker),
            before: self.last,
            after: None,
        });
        match self.last {
            Some(last) => self.slots[last].after = Some(place),
            None => self.first = Some(place),
        }
        self.last = Some(place);
        place
    }

    fn unlink(&mut self, place: usize) {
        let Slot { before, after, .. } = self.slots[place];
        match before {
            Some(before) => self.slots[before].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.slots[after].before = before,
            None => self.last = before,
        }
    }

    fn remove(&mut self, place: usize) -> Slot {
        if self.slots[place].standing == Standing::Waiting {
            self.unlink(place);
        }
        let slot = self.slots.remove(place);
        if self.slots.is_empty() && self.slots.capacity() > KEPT {
            self.slots = Slab::new();
        }
        slot
    }
}

impl Waiters {
    pub(super) fn new(what: &'static str, name: Name) -> Rc<Waiters> {
        Rc::new_cyclic(|this| Waiters {
            what,
            name,
            queue: RefCell::default(),
            holders: RefCell::default(),
            known: Cell::new(false),
            this: this.clone(),
        })
    }

    /// Whether no task waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.borrow().first.is_none()
    }

    /// Appends a wait to the queue.
    pub(super) fn join(&self, wants: usize, context: &Context<'_>) -> Waiter {
        if !self.known.replace(true) {
            make_known(self.this.clone());
        }
        // Made first, because cloning a waker may call foreign code.
        let waker = Held::new(context.waker());
        Waiter {
            place: self.queue.borrow_mut().push(wants, waker),
            // It exists as long as there is a reference to it.
            waiters: self
                .this
                .upgrade()
                .unwrap_or_else(|| unreachable!("self is one")),
        }
    }

    /// Settles the first wait of the queue, if `served` returns true for what it wants.
    pub(super) fn settle_first(
        &self,
        standing: Standing,
        served: impl FnOnce(usize) -> bool,
    ) -> bool {
        let mut queue = self.queue.borrow_mut();
        let Some(first) = queue.first else {
            return false;
        };
        if !served(queue.slots[first].wants) {
            return false;
        }
        queue.unlink(first);
        queue.slots[first].standing = standing;
        let waker = queue.slots[first].waker.take();
        drop(queue);
        waker.into_iter().for_each(Held::wake);
        true
    }

    pub(super) fn settle_all(&self, standing: Standing) {
        while self.settle_first(standing, |_| true) {}
    }

    /// Adds the running task as a holder.
    pub(super) fn add_holder(&self) -> usize {
        self.holders.borrow_mut().insert(current_task())
    }

    pub(super) fn remove_holder(&self, place: usize) {
        self.holders.borrow_mut().remove(place);
    }
}

impl WaitedFor for Waiters {
    fn waiters(&self, tell: &mut dyn FnMut(&Held)) {
        let queue = self.queue.borrow();
        let wakers = queue
            .slots
            .iter()
            .filter_map(|(_, slot)| slot.waker.as_ref());
        wakers.for_each(tell);
    }

    fn describe(&self, name: &dyn Fn(TaskId) -> String) -> String {
        let holders = self.holders.borrow();
        let first = holders.iter().take(3).map(|(_, holder)| match holder {
            Some(task) => name(*task),
            None => "code outside of all tasks".to_owned(),
        });
        let first: Vec<String> = first.collect();
        match holders.len() {
            0 => format!("{} {}", self.what, self.name),
            count => {
                let holders = some_of(&first, count);
                format!("{} {}, held by {holders}", self.what, self.name)
            }
        }
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.name)
    }
}

/// A waiter. Dropping it leaves the queue.
pub(super) struct Waiter {
    waiters: Rc<Waiters>,
    place: usize,
}

impl Waiter {
    pub(super) fn standing(&self) -> Standing {
        self.waiters.queue.borrow().slots[self.place].standing
    }

    /// Returns its state. While it waits, the newest waker is kept.
    pub(super) fn poll(&self, context: &Context<'_>) -> Standing {
        let mut queue = self.waiters.queue.borrow_mut();
        let slot = &mut queue.slots[self.place];
        let standing = slot.standing;
        let known = slot
            .waker
            .as_ref()
            .is_none_or(|waker| waker.will_wake(context.waker()));
        if known {
            return standing;
        }
        drop(queue);
        let waker = Held::new(context.waker());
        let mut queue = self.waiters.queue.borrow_mut();
        let old = queue.slots[self.place].waker.replace(waker);
        drop(queue);
        drop(old);
        standing
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let slot = self.waiters.queue.borrow_mut().remove(self.place);
        drop(slot);
    }
}
