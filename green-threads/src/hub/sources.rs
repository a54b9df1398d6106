//! What the event loop watches, and who waits for it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use event_loop::{Readiness, Token};

use crate::wait_queue::WaitQueue;

/// Which green threads wait for a source.
pub(crate) struct Source {
    /// Whether trying may succeed: not after it would have blocked, until the next event.
    pub(crate) readable: Cell<bool>,
    pub(crate) writable: Cell<bool>,
    /// The other end has ended: a short read does not mean that nothing is left.
    pub(crate) read_closed: Cell<bool>,
    pub(crate) readers: WaitQueue,
    pub(crate) writers: WaitQueue,
}

impl Source {
    /// What is new may be ready.
    fn new() -> Source {
        Source {
            readable: Cell::new(true),
            writable: Cell::new(true),
            read_closed: Cell::new(false),
            readers: WaitQueue::default(),
            writers: WaitQueue::default(),
        }
    }

    fn is_ready(&self, readiness: Readiness) {
        if readiness.read_closed() || readiness.error() {
            self.read_closed.set(true);
        }
        if readiness.readable() || readiness.read_closed() || readiness.error() {
            self.readable.set(true);
            self.readers.wake_all();
        }
        if readiness.writable() || readiness.write_closed() || readiness.error() {
            self.writable.set(true);
            self.writers.wake_all();
        }
    }
}

/// A source under its name.
type Registration = (Token, Rc<Source>);

/// All sources of a hub, by their names' index.
#[derive(Default)]
pub(super) struct Sources {
    table: RefCell<Vec<Option<Registration>>>,
    /// How many green threads wait for one.
    waiting: Cell<usize>,
}

impl Sources {
    pub(super) fn add(&self, token: Token) -> Rc<Source> {
        let source = Rc::new(Source::new());
        let mut table = self.table.borrow_mut();
        if table.len() <= token.index() {
            table.resize_with(token.index() + 1, || None);
        }
        table[token.index()] = Some((token, Rc::clone(&source)));
        source
    }

    pub(super) fn remove(&self, token: Token) {
        let source = self.table.borrow_mut()[token.index()].take();
        drop(source);
    }

    /// A source is ready; nobody's, if it is of a name that has been given back.
    pub(super) fn ready(&self, token: Token, readiness: Readiness) {
        let table = self.table.borrow();
        if let Some(Some((known, source))) = table.get(token.index())
            && *known == token
        {
            source.is_ready(readiness);
        }
    }

    /// How many green threads wait for a source.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// Somebody waits, as long as this is kept.
    pub(super) fn count_in(&self) -> impl Drop + '_ {
        struct Count<'a>(&'a Cell<usize>);
        impl Drop for Count<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.waiting.set(self.waiting.get() + 1);
        Count(&self.waiting)
    }
}
