//! What comes from other threads: the only door of a hub that is open to them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_loop::Waker;

/// What is done, on the hub's thread, when a ticket has come back.
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
    /// Those of them that nobody waits for.
    background: HashSet<u64>,
}

/// The side of the other threads.
struct Inbox {
    /// `None` when the hub has ended.
    returned: Mutex<Option<Vec<u64>>>,
    waker: Waker,
}

/// To be given to another thread; it comes back when it is dropped there.
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

    /// A ticket that `arrival` is told of when it comes back.
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

    /// As [`ticket`](Remotes::ticket), for what may come or not: waiting for nothing else is a
    /// deadlock.
    pub(crate) fn background_ticket(&self, arrival: Rc<dyn Arrival>) -> Ticket {
        let ticket = self.ticket(arrival);
        self.expected.borrow_mut().background.insert(ticket.number);
        ticket
    }

    /// How many tickets are out, but for those in the background.
    pub(crate) fn expected(&self) -> usize {
        let expected = self.expected.borrow();
        expected.arrivals.len() - expected.background.len()
    }

    /// Sees what has come back; the event loop was woken.
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

    /// The hub ends: nobody needs to be told any more.
    pub(crate) fn close(&self) {
        *lock(&self.inbox) = None;
    }
}

fn lock(inbox: &Inbox) -> MutexGuard<'_, Option<Vec<u64>>> {
    // Nothing in here panics halfway.
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
