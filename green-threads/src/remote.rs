//! Messages from other threads. This is the only part of a hub that other threads may use.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_loop::Waker;

/// What the hub's thread does when a ticket comes back.
pub(crate) trait Arrival {
    /// Only wakes green threads: no code of the user, such as a destructor, may run here.
    fn arrived(self: Rc<Self>);
}

/// The hub's side.
pub(crate) struct Remotes {
    inbox: Arc<Inbox>,
    expected: RefCell<Expected>,
}

#[derive(Default)]
struct Expected {
    next: u64,
    arrivals: HashMap<u64, Rc<dyn Arrival>>,
    /// The tickets in the background: no green thread waits for them.
    background: HashSet<u64>,
}

/// The other threads' side.
struct Inbox {
    /// `None` when the hub has ended.
    returned: Mutex<Option<Vec<u64>>>,
    waker: Waker,
}

/// A ticket for another thread. It comes back to the hub when it is dropped there.
pub(crate) struct Ticket {
    inbox: Arc<Inbox>,
    number: u64,
}

impl Remotes {
    pub(crate) fn new(waker: Waker) -> Remotes {
        Remotes {
            inbox: Arc::new(Inbox {
                returned: Mutex::new(Some(Vec::new())),
                waker,
            }),
            expected: RefCell::default(),
        }
    }

    /// Makes a ticket. When it comes back, `arrival` is called.
    pub(crate) fn ticket(&self, arrival: Rc<dyn Arrival>) -> Ticket {
        let mut expected = self.expected.borrow_mut();
        let number = expected.next;
        expected.next += 1;
        expected.arrivals.insert(number, arrival);
        Ticket {
            inbox: Arc::clone(&self.inbox),
            number,
        }
    }

    /// As [`ticket`](Remotes::ticket), for something that may never come. If green threads wait for
    /// nothing else, that is a deadlock.
    pub(crate) fn background_ticket(&self, arrival: Rc<dyn Arrival>) -> Ticket {
        let ticket = self.ticket(arrival);
        self.expected.borrow_mut().background.insert(ticket.number);
        ticket
    }

    /// How many tickets are out, without those in the background.
    pub(crate) fn expected(&self) -> usize {
        let expected = self.expected.borrow();
        expected.arrivals.len() - expected.background.len()
    }

    /// Handles the tickets that have come back. Called when the event loop was woken.
    pub(crate) fn deliver(&self) {
        let returned = lock(&self.inbox).as_mut().map(std::mem::take);
        for number in returned.unwrap_or_default() {
            let mut expected = self.expected.borrow_mut();
            let arrival = expected.arrivals.remove(&number);
            expected.background.remove(&number);
            drop(expected);
            if let Some(arrival) = arrival {
                arrival.arrived();
            }
        }
    }

    /// The hub ends: tickets need not come back any more.
    pub(crate) fn close(&self) {
        *lock(&self.inbox) = None;
    }
}

fn lock(inbox: &Inbox) -> MutexGuard<'_, Option<Vec<u64>>> {
    // No code panics while it holds this lock.
    inbox
        .returned
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(returned) = &mut *lock(&self.inbox) {
            returned.push(self.number);
        }
        self.inbox.waker.wake();
    }
}
