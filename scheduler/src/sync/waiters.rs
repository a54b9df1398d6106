//! Who waits, in what order, and for what: the queue behind all that can be waited for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use crate::executor::waits::{Telling, WaitedFor, make_known};

/// What a thing is called when people are told of it.
#[derive(Clone, Debug)]
pub(super) enum Name {
    Given(Rc<str>),
    /// Where it was made.
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

/// How a wait stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Waiting,
    /// What it waits for is its own.
    Granted,
    /// It will never come.
    Closed,
}

/// One who waits.
pub(super) struct Waiter {
    pub(super) wants: usize,
    standing: Cell<Standing>,
    waker: RefCell<Waker>,
}

impl Waiter {
    pub(super) fn standing(&self) -> Standing {
        self.standing.get()
    }

    /// Keeps the newest waker.
    pub(super) fn refresh(&self, context: &Context<'_>) {
        if !self.waker.borrow().will_wake(context.waker()) {
            let old = self.waker.replace(context.waker().clone());
            drop(old);
        }
    }

    pub(super) fn settle(&self, standing: Standing) {
        self.standing.set(standing);
        let waker = self.waker.replace(Waker::noop().clone());
        waker.wake();
    }
}

/// A queue of those who wait for a thing.
pub(super) struct Waiters {
    what: &'static str,
    name: Name,
    queue: RefCell<VecDeque<Rc<Waiter>>>,
    /// The tasks that have it.
    holders: RefCell<Vec<u64>>,
    known: Cell<bool>,
    this: Weak<Waiters>,
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

    pub(super) fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.borrow().len()
    }

    /// The last in the queue.
    pub(super) fn join(&self, wants: usize, context: &Context<'_>) -> Rc<Waiter> {
        if !self.known.replace(true) {
            make_known(self.this.clone());
        }
        let waiter = Rc::new(Waiter {
            wants,
            standing: Cell::new(Standing::Waiting),
            waker: RefCell::new(context.waker().clone()),
        });
        self.queue.borrow_mut().push_back(Rc::clone(&waiter));
        waiter
    }

    /// Takes the first, if it is to be served now.
    pub(super) fn take_first(&self, served: impl FnOnce(&Waiter) -> bool) -> Option<Rc<Waiter>> {
        let mut queue = self.queue.borrow_mut();
        match queue.front() {
            Some(first) if served(first) => queue.pop_front(),
            _ => None,
        }
    }

    /// Somebody does not wait any more.
    pub(super) fn leave(&self, waiter: &Rc<Waiter>) {
        let mut queue = self.queue.borrow_mut();
        if let Some(place) = queue.iter().position(|other| Rc::ptr_eq(other, waiter)) {
            queue.remove(place);
        }
    }

    pub(super) fn add_holder(&self, task: Option<u64>) {
        self.holders.borrow_mut().extend(task);
    }

    pub(super) fn remove_holder(&self, task: Option<u64>) {
        let mut holders = self.holders.borrow_mut();
        if let Some(place) = holders.iter().position(|&holder| Some(holder) == task) {
            holders.swap_remove(place);
        }
    }
}

impl WaitedFor for Waiters {
    fn waiters(&self, tell: &mut dyn FnMut(&Waker, Telling<'_>)) {
        for waiter in self.queue.borrow().iter() {
            tell(&waiter.waker.borrow(), &|name| {
                let holders = self.holders.borrow();
                let holders: Vec<String> = holders.iter().map(|&task| name(task)).collect();
                match holders.as_slice() {
                    [] => format!("{} {}", self.what, self.name),
                    held => format!(
                        "{} {}, held by {}",
                        self.what,
                        self.name,
                        held.join(" and ")
                    ),
                }
            });
        }
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {} waiting", self.what, self.name, self.len())
    }
}
