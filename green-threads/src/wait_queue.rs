//! Wait queues: every primitive of this crate uses one.
//!
//! A queue is a list inside a table, so that a waiter that is killed or times out leaves it in
//! constant time. A waiter removes itself when its wait has ended, however it ended. So the queue
//! only contains waiters that exist.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use crate::hub::{self, Hub};
use crate::task::{Cause, Task};

const NONE: u32 = u32::MAX;

/// A first-in, first-out queue of waiters. Each waiter has a payload `P`: a value for the one that
/// wakes it, or a place for a value from that one.
pub(crate) struct WaitQueue<P = ()> {
    inner: RefCell<Inner<P>>,
}

struct Inner<P> {
    nodes: Vec<Option<Node<P>>>,
    free: Vec<u32>,
    head: u32,
    tail: u32,
}

struct Node<P> {
    task: Rc<Task>,
    case: u32,
    payload: P,
    prev: u32,
    next: u32,
    linked: bool,
}

/// The place of a waiter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(u32);

impl<P> Default for WaitQueue<P> {
    fn default() -> Self {
        WaitQueue {
            inner: RefCell::new(Inner {
                nodes: Vec::new(),
                free: Vec::new(),
                head: NONE,
                tail: NONE,
            }),
        }
    }
}

impl<P> Inner<P> {
    fn node(&mut self, index: u32) -> Option<&mut Node<P>> {
        self.nodes.get_mut(index as usize)?.as_mut()
    }

    fn unlink(&mut self, index: u32) {
        let Some(node) = self.node(index) else { return };
        if !std::mem::take(&mut node.linked) {
            return;
        }
        let (prev, next) = (node.prev, node.next);
        match self.node(prev) {
            Some(prev) => prev.next = next,
            None => self.head = next,
        }
        match self.node(next) {
            Some(next) => next.prev = prev,
            None => self.tail = prev,
        }
    }
}

impl<P> WaitQueue<P> {
    /// Appends a waiter. Call it before the waiter parks, and call `leave` afterwards.
    pub(crate) fn join(&self, task: Rc<Task>, case: u32, payload: P) -> Key {
        let mut inner = self.inner.borrow_mut();
        let tail = inner.tail;
        let node = Some(Node {
            task,
            case,
            payload,
            prev: tail,
            next: NONE,
            linked: true,
        });
        let index = match inner.free.pop() {
            Some(index) => {
                inner.nodes[index as usize] = node;
                index
            }
            None => {
                inner.nodes.push(node);
                (inner.nodes.len() - 1) as u32
            }
        };
        match inner.node(tail) {
            Some(last) => last.next = index,
            None => inner.head = index,
        }
        inner.tail = index;
        Key(index)
    }

    /// Removes a waiter, woken or not, and returns its payload.
    pub(crate) fn leave(&self, key: Key) -> Option<P> {
        let mut inner = self.inner.borrow_mut();
        inner.unlink(key.0);
        let node = inner.nodes.get_mut(key.0 as usize)?.take()?;
        inner.free.push(key.0);
        if inner.free.len() == inner.nodes.len() && inner.nodes.len() > 64 {
            // The table was large, so its memory is freed.
            *inner = Inner {
                nodes: Vec::new(),
                free: Vec::new(),
                head: NONE,
                tail: NONE,
            };
        }
        Some(node.payload)
    }

    /// Wakes the first waiter, and calls `with` with its payload. Returns false if there is none.
    pub(crate) fn wake_one_with(&self, with: impl FnOnce(&mut P)) -> bool {
        let mut inner = self.inner.borrow_mut();
        loop {
            let index = inner.head;
            if inner.node(index).is_none() {
                return false;
            }
            inner.unlink(index);
            if let Some(node) = inner.node(index)
                && hub::wake(&node.task, node.case)
            {
                with(&mut node.payload);
                return true;
            }
        }
    }

    /// Wakes the first waiter. Returns false if there is none.
    pub(crate) fn wake_one(&self) -> bool {
        self.wake_one_with(|_| ())
    }

    /// Wakes all waiters. Returns how many.
    pub(crate) fn wake_all(&self) -> usize {
        let mut woken = 0;
        while self.wake_one() {
            woken += 1;
        }
        woken
    }

    /// The payload of the first waiter.
    pub(crate) fn first(&self) -> Option<P>
    where
        P: Copy,
    {
        let mut inner = self.inner.borrow_mut();
        let mut index = inner.head;
        while let Some(node) = inner.node(index) {
            if node.task.is_parked() {
                return Some(node.payload);
            }
            index = node.next;
        }
        None
    }

    /// Whether there is a waiter that was not woken.
    pub(crate) fn has_waiters(&self) -> bool {
        let mut inner = self.inner.borrow_mut();
        let mut index = inner.head;
        while let Some(node) = inner.node(index) {
            if node.task.is_parked() {
                return true;
            }
            index = node.next;
        }
        false
    }

    /// Waits in this queue, and leaves it however the wait ends.
    pub(crate) fn wait_with(&self, payload: P, wait: Wait) -> (Cause, Option<P>) {
        struct Leave<'a, P>(&'a WaitQueue<P>, Key, bool);
        impl<P> Drop for Leave<'_, P> {
            fn drop(&mut self) {
                if self.2 {
                    // The waiter was killed. It was not woken, so nothing is lost with the payload.
                    let payload = self.0.leave(self.1);
                    drop(payload);
                }
            }
        }
        hub::with(|hub: &Hub| {
            let key = self.join(hub.current(), 0, payload);
            let mut leave = Leave(self, key, true);
            let cause = hub.park(wait);
            leave.2 = false;
            (cause, self.leave(key))
        })
    }
}

impl WaitQueue {
    /// Waits until it is woken. Returns false after a time-out.
    pub(crate) fn wait(&self, wait: Wait) -> bool {
        self.wait_with((), wait).0 != Cause::TimedOut
    }
}

/// Options of a wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    /// What it waits for, as shown in the list of green threads.
    pub(crate) what: &'static str,
    pub(crate) deadline: Option<Instant>,
    /// If set, the wait ends by [`Cause::Raised`] when the green thread must unwind, but does not
    /// unwind.
    pub(crate) told: bool,
}

impl Wait {
    pub(crate) fn new(what: &'static str) -> Wait {
        Wait {
            what,
            deadline: None,
            told: false,
        }
    }

    pub(crate) fn until(self, deadline: Option<Instant>) -> Wait {
        Wait { deadline, ..self }
    }

    pub(crate) fn told(self) -> Wait {
        Wait { told: true, ..self }
    }
}
